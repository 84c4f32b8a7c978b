package org.espalier.strategy;

import java.util.ArrayList;
import java.util.List;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.nn.Init;
import org.espalier.nn.Parameter;
import org.espalier.nn.ParameterArena;
import org.espalier.space.SearchSpace;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;

/**
 * The architecture parameters: for each kind of cell an alpha {@code [edges, candidates]}, in an
 * arena of their own.
 */
public final class Architecture {
  /** DARTS draws alpha from 1e-3 N(0, 1). */
  private static final float DEVIATION = 1e-3f;

  private final ParameterArena arena = new ParameterArena();
  private final List<Parameter> alphas = new ArrayList<>();

  /** The initial alphas of a space. */
  public Architecture(SearchSpace space, Backend backend, Rng rng) {
    for (SearchSpace.CellKind kind : space.cells()) {
      Shape shape = Shape.of(kind.edges().size(), space.candidates().size());
      alphas.add(arena.root().child("alpha").parameter(kind.name(), shape, Init.normal(DEVIATION)));
    }
    arena.allocate(backend, rng);
  }

  /** The arena. */
  public ParameterArena arena() {
    return arena;
  }

  /** The alphas, one for each kind of cell. */
  public List<Tensor> alphas() {
    return alphas.stream().map(Parameter::tensor).toList();
  }

  /** Their values, {@code [edges][candidates]} for each kind of cell. */
  public List<float[][]> values() {
    float[] all = new float[arena.values().size()];
    arena.backend().read(arena.values(), all);
    List<float[][]> values = new ArrayList<>();
    for (Parameter alpha : alphas) {
      int columns = alpha.shape().channels();
      float[][] rows = new float[alpha.shape().rows()][columns];
      for (int row = 0; row < rows.length; row++) {
        System.arraycopy(all, alpha.offset() + row * columns, rows[row], 0, columns);
      }
      values.add(rows);
    }
    return values;
  }
}
