package org.espalier.search;

import java.util.Set;
import java.util.function.ToLongFunction;
import org.espalier.backend.Conv;

/**
 * What the fast CPU back end keeps for its kernels. An estimate from the geometries alone: it does
 * not ask which of several ways a convolution takes, nor how wide vectors are. Pools and norms need
 * less than the convolutions around them.
 */
final class Workspace {
  /** Sums of the weight's gradient over parts of the batch, added up at the end. */
  private static final int PARTIAL_GRADIENTS = 16;

  private Workspace() {}

  /** Bytes for these convolutions and their gradients. */
  static long bytes(Set<Conv> convolutions, int threads) {
    long image =
        most(convolutions, Workspace::framedInput)
            + most(convolutions, Workspace::framedGradient)
            + most(convolutions, conv -> conv.outSize() / conv.n());
    return Float.BYTES
        * (threads * image + PARTIAL_GRADIENTS * most(convolutions, Conv::weightSize));
  }

  private static long most(Set<Conv> convolutions, ToLongFunction<Conv> floats) {
    return convolutions.stream().mapToLong(floats).max().orElse(0);
  }

  private static long framedInput(Conv conv) {
    return framed(conv.h(), conv.w(), conv.in(), conv.pad());
  }

  private static long framedGradient(Conv conv) {
    int reach = conv.dilation() * (Math.max(conv.kh(), conv.kw()) - 1);
    return framed(conv.outH(), conv.outW(), conv.out(), reach);
  }

  private static long framed(int h, int w, int channels, int border) {
    return (long) (h + 2 * border) * (w + 2 * border) * channels;
  }
}
