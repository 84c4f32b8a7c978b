package org.espalier.strategy;

import java.util.List;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.space.SearchSpace;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;

/**
 * What a strategy may look at when it draws the selections of one pass. They hold for all cells of
 * a kind: the papers draw one architecture a step, not one a cell.
 *
 * @param tape of the pass; what is computed on it from the alphas is differentiated
 * @param space that is searched
 * @param alphas one for each kind of cell, {@code [edges, candidates]}
 * @param progress of the search, from 0 in its first epoch to 1 in its last
 * @param rng of this step
 * @param forAlpha whether the pass is for alpha's step rather than for the weights'
 * @param pass which of the {@link Strategy#passes} of a step of the weights
 * @param policy that is learned, if any
 */
public record Draw(
    Tape tape,
    SearchSpace space,
    List<Tensor> alphas,
    double progress,
    Rng rng,
    boolean forAlpha,
    int pass,
    @Nullable Policy policy) {
  /** For the first pass of a step of the weights, without a policy. */
  public Draw(Tape tape, SearchSpace space, List<Tensor> alphas, double progress, Rng rng) {
    this(tape, space, alphas, progress, rng, false, 0, null);
  }
}
