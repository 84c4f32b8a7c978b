package org.espalier.backend;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A weighted sum of tensors of one shape, with the batch normalisation of each folded in: {@code y
 * = sum_t w_t * (x_t - mean_t) / sqrt(variance_t + eps)}. See {@link Backend#mixedSum}.
 *
 * @param rows elements per channel (N*H*W)
 * @param channels C
 * @param eps added to the variances
 * @param terms what is summed
 */
public record Mix(int rows, int channels, float eps, List<Term> terms) {
  /**
   * One term.
   *
   * @param weight index of its weight, or -1 for the constant 1
   * @param x values {@code [rows, channels]}; null where the candidate was not computed: it adds
   *     nothing, and its weight's gradient is that of a candidate whose output is 1 everywhere
   *     (GDAS' unselected candidates)
   * @param moments mean and biased variance over the rows, {@code [2, channels]}; null: x is taken
   *     as it is
   * @param gradient where the gradient of x goes, in the backward pass; with moments, the {@code
   *     [4, channels]} coefficients of the {@link Upstream} that is, with dy, the gradient of x.
   *     Null where it is not wanted
   * @param add whether the gradient of a term without moments is added rather than written over
   */
  public record Term(
      int weight,
      @Nullable Buffer x,
      @Nullable Buffer moments,
      @Nullable Buffer gradient,
      boolean add) {}
}
