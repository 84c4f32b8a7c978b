package org.espalier.backend;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Convolutions of one input, for a back end to compute in one pass over it. See {@link
 * Backend#conv} and {@link Backend#convGrad}.
 *
 * @param relu whether it is max(x, 0) that is convolved
 * @param x the input {@code [n, h, w, in]}
 * @param arms at least one
 */
public record Fan(boolean relu, Buffer x, List<Arm> arms) {
  /**
   * One convolution.
   *
   * @param conv its geometry; n, h, w and in are the same for all arms
   * @param w weight {@code [kh, kw, in/groups, out]}
   * @param y result {@code [n, outH, outW, out]}
   * @param moments mean and biased variance of y per channel {@code [2, out]}, written along with
   *     y; null where they are not wanted
   * @param upstream gradient of y, in the backward pass
   * @param dw gradient of w, added to; null where it is not wanted
   */
  public record Arm(
      Conv conv,
      Buffer w,
      Buffer y,
      @Nullable Buffer moments,
      @Nullable Upstream upstream,
      @Nullable Buffer dw) {}
}
