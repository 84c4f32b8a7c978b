package org.espalier.supernet;

import java.util.ArrayList;
import java.util.List;
import org.espalier.autograd.Tensor;
import org.espalier.candidate.Branch;
import org.espalier.candidate.CandidateOp;
import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.ParameterArena;
import org.jspecify.annotations.Nullable;

/**
 * An edge of a supernet's cell: all candidates, of which a {@link Selection} computes what it
 * wants.
 */
public final class MixedEdge {
  private final List<@Nullable Branch> branches = new ArrayList<>();

  /** Builds every candidate, each under its name. */
  public MixedEdge(
      ParameterArena.Namespace in, List<CandidateOp> candidates, int channels, int stride) {
    for (CandidateOp candidate : candidates) {
      branches.add(
          candidate.build(in.child(candidate.name()), channels, stride, BatchNorm2d.Policy.SEARCH));
    }
  }

  /** Adds what the selection computes from {@code x} to a node. */
  public void contribute(NodeSum node, Tensor x, Selection selection) {
    switch (selection) {
      case Selection.All(Tensor weights, int row) -> {
        for (int k = 0; k < branches.size(); k++) {
          weighted(node, x, k, weights, row);
        }
      }
      case Selection.Some(List<Integer> indices, Tensor weights, int row) -> {
        for (int k : indices) {
          weighted(node, x, k, weights, row);
        }
      }
      case Selection.One(int index, Tensor weights, int row) when weights != null -> {
        weighted(node, x, index, weights, row);
        for (int k = 0; k < branches.size(); k++) {
          if (k != index) {
            node.skip(weights, row, k);
          }
        }
      }
      case Selection.One(int index, var none, int row) -> {
        Branch branch = branches.get(index);
        if (branch != null) {
          node.add(branch, x);
        }
      }
    }
  }

  private void weighted(NodeSum node, Tensor x, int k, Tensor weights, int row) {
    Branch branch = branches.get(k);
    if (branch != null) {
      node.add(branch, x, weights, row, k);
    }
  }
}
