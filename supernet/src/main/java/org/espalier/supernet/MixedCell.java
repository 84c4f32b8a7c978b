package org.espalier.supernet;

import java.util.ArrayList;
import java.util.List;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.tensor.Shape;

/**
 * The nodes of a cell, each the sum of mixed edges from all inputs and all nodes before it.
 *
 * @param edges by target, then by source
 * @param kind which kind of cell, for the selections
 */
public record MixedCell(List<MixedEdge> edges, int kind) {
  public MixedCell {
    edges = List.copyOf(edges);
  }

  /**
   * Computes {@code nodes} nodes of {@code shape}, and returns the inputs and the nodes. Goes from
   * source to source: all that reads a node is applied before anything is summed, so that the tape
   * can compute it in one pass.
   */
  public List<Tensor> states(
      Tape tape, List<Tensor> inputs, int nodes, Shape shape, Selections selections) {
    List<NodeSum> sums = new ArrayList<>();
    for (int node = 0; node < nodes; node++) {
      sums.add(new NodeSum(tape, shape));
    }
    List<Tensor> states = new ArrayList<>(inputs);
    for (int from = 0; from < inputs.size() + nodes - 1; from++) {
      if (from >= inputs.size()) {
        states.add(sums.get(from - inputs.size()).total());
      }
      for (int node = Math.max(0, from + 1 - inputs.size()); node < nodes; node++) {
        int edge = edge(inputs.size(), node, from);
        Selection selection = selections.at(kind, edge);
        edges.get(edge).contribute(sums.get(node), states.get(from), selection);
      }
    }
    states.add(sums.getLast().total());
    return states;
  }

  /** Node n has n more sources than there are inputs. */
  private static int edge(int inputs, int node, int from) {
    return node * inputs + node * (node - 1) / 2 + from;
  }
}
