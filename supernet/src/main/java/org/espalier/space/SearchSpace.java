package org.espalier.space;

import java.util.List;
import org.espalier.candidate.CandidateOp;
import org.espalier.nn.ParameterArena;
import org.espalier.supernet.Selection;
import org.espalier.supernet.Selections;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;

/**
 * A set of architectures, the supernet that contains them all, and the networks they are in the
 * end.
 */
public interface SearchSpace {
  /** What it is selected by. */
  String name();

  /** One line for {@code espalier list spaces}. */
  String description();

  /** What an edge may take; columns of alpha. */
  List<CandidateOp> candidates();

  /** The kinds of cells that are searched, each with an alpha of its own. */
  List<CellKind> cells();

  /**
   * A kind of cell.
   *
   * @param edges in the order of alpha's rows
   */
  record CellKind(String name, List<Edge> edges) {}

  /** An edge between two nodes of a cell. */
  record Edge(int from, int to) {
    @Override
    public String toString() {
      return from + "-" + to;
    }
  }

  /**
   * The size of a network.
   *
   * @param channels C of the first cells
   * @param cells N cells to a stage (NAS-Bench-201) or layers in all (DARTS)
   * @param inputChannels of the images
   * @param classes of the data
   */
  record Size(int channels, int cells, int inputChannels, int classes) {}

  /** Wires the supernet. */
  Supernet.Body supernet(ParameterArena.Namespace root, Size size);

  /**
   * Builds the network that an architecture is trained as.
   *
   * @param auxiliary whether to build the auxiliary head, where the space has one
   */
  Network network(ParameterArena.Namespace root, Genotype genotype, Size size, boolean auxiliary);

  /** Extents of images must be multiples of this. */
  int granularity();

  /** An architecture drawn uniformly. */
  Genotype random(Rng rng);

  /**
   * The architecture that a search has settled on.
   *
   * @param strengths for each kind of cell, {@code [edges][candidates]}: the larger, the better
   */
  Genotype derive(List<float[][]> strengths);

  /** In the notation of the field. */
  String format(Genotype genotype);

  /**
   * From the notation of the field.
   *
   * @throws org.espalier.InputException saying what is wrong with it
   */
  Genotype parse(String text);

  /** As it is drawn. */
  List<CellGraph> draw(Genotype genotype);

  /**
   * The candidates that an architecture may have on its edges, by their index: all of them, or all
   * but {@code none} where an architecture says {@code none} by leaving an edge out.
   */
  List<Integer> operations();

  /** What there is to decide, kind by kind and node by node. */
  List<Decision> decisions();

  /**
   * The architecture that choices come to. Different choices may come to the same.
   *
   * @param choices for each of the {@link #decisions} an index below its options
   */
  Genotype decode(int... choices);

  /** Index of a candidate by name. */
  default int candidate(String name) {
    for (int k = 0; k < candidates().size(); k++) {
      if (candidates().get(k).name().equals(name)) {
        return k;
      }
    }
    throw new IllegalArgumentException(name() + " has no candidate " + name);
  }

  /**
   * The path of an architecture through the supernet: on each edge its operation, elsewhere {@code
   * none}.
   */
  default Selections path(Genotype genotype) {
    return (kind, edge) -> {
      Edge wanted = cells().get(kind).edges().get(edge);
      for (Gene gene : genotype.cells().get(kind).genes()) {
        if (gene.from() == wanted.from() && gene.to() == wanted.to()) {
          return Selection.One.of(candidate(gene.op()));
        }
      }
      return Selection.One.of(candidate("none"));
    };
  }
}
