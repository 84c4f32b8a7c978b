package org.espalier.supernet;

import java.util.List;
import org.espalier.autograd.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What an edge computes in one pass. Candidates that are not selected are not computed. Weights are
 * a tensor {@code [edges, candidates]} of which an edge uses one row; gradients flow back into it.
 */
public sealed interface Selection {
  /** Every candidate, weighted: the continuous relaxation (DARTS, DrNAS). */
  record All(Tensor weights, int row) implements Selection {}

  /**
   * One candidate. With weights (a hard sample, 1 at the index), it is gated by its weight, and the
   * weights of the others receive the gradient they have in {@code sum_k w_k * (k selected ?
   * op_k(x) : 1)}, as GDAS defines it. Without, it is taken as it is.
   */
  record One(int index, @Nullable Tensor weights, int row) implements Selection {
    /** A candidate as it is. */
    public static One of(int index) {
      return new One(index, null, 0);
    }
  }

  /** Some candidates, weighted; the others take no part. */
  record Some(List<Integer> indices, Tensor weights, int row) implements Selection {}
}
