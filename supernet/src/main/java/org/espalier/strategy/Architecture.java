package org.espalier.strategy;

import java.util.ArrayList;
import java.util.List;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.nn.Init;
import org.espalier.nn.Parameter;
import org.espalier.nn.ParameterArena;
import org.espalier.space.SearchSpace;
import org.espalier.supernet.Selection;
import org.espalier.supernet.Selections;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * The architecture parameters: for each kind of cell an alpha {@code [edges, candidates]}, in an
 * arena of their own, and the policy of a strategy that learns one.
 */
public final class Architecture {
  /** DARTS draws alpha from 1e-3 N(0, 1). */
  private static final float DEVIATION = 1e-3f;

  /** What a frequency of zero is taken for. */
  private static final double NEVER = 1e-6;

  private final ParameterArena arena = new ParameterArena();
  private final List<Parameter> alphas = new ArrayList<>();

  private final SearchSpace space;
  private final @Nullable Policy policy;

  /** The initial alphas of a space, for a strategy that learns no policy. */
  public Architecture(SearchSpace space, Backend backend, Rng rng) {
    this(space, null, backend, rng);
  }

  /** The initial alphas of a space, and what a strategy learns beside them. */
  public static Architecture of(
      SearchSpace space, Strategy strategy, OneShot settings, Backend backend, Rng rng) {
    Policy policy = strategy.policy(space, settings, backend, rng.split("policy"));
    return new Architecture(space, policy, backend, rng);
  }

  private Architecture(SearchSpace space, @Nullable Policy policy, Backend backend, Rng rng) {
    this.space = space;
    this.policy = policy;
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

  /** What is learned by reward; null: nothing is. */
  public @Nullable Policy policy() {
    return policy;
  }

  /**
   * Sets alpha to the logarithm of how often the policy takes each candidate of each edge, by some
   * samples: what the softmax of alpha then says is what has been learned. Without a policy, does
   * nothing.
   */
  public void describePolicy(int samples, Rng rng) {
    if (policy == null) {
      return;
    }
    float[] all = new float[arena.values().size()];
    for (int i = 0; i < samples; i++) {
      Selections path = space.path(policy.sample(rng.split(i)));
      for (int kind = 0; kind < alphas.size(); kind++) {
        Parameter alpha = alphas.get(kind);
        for (int edge = 0; edge < alpha.shape().rows(); edge++) {
          int taken = ((Selection.One) path.at(kind, edge)).index();
          all[alpha.offset() + edge * alpha.shape().channels() + taken]++;
        }
      }
    }
    for (int i = 0; i < all.length; i++) {
      all[i] = (float) Math.log(Math.max(all[i] / samples, NEVER));
    }
    arena.backend().write(all, arena.values());
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
