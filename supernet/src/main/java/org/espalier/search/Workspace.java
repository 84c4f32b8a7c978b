package org.espalier.search;

import java.util.List;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.espalier.backend.Conv;

/**
 * What back ends keep of the heap for their kernels. An estimate from the geometries alone: it does
 * not ask which of several ways a convolution takes, nor how wide vectors are. Pools and norms need
 * less than the convolutions around them.
 */
final class Workspace {
  /** Sums of the weights' gradients over parts of the batch; one more for the packed weights. */
  private static final int PARTIAL_GRADIENTS = 16;

  /** Values of a 3x3 kernel, or a tile, that Winograd's transform makes of nine, and of four. */
  private static final int TRANSFORMED = 16;

  /** Tiles that are worked on at a time. */
  private static final int TILES = 32;

  private Workspace() {}

  /** Bytes of the heap for these convolutions, those of one pass together, and their gradients. */
  static long bytes(Set<List<Conv>> passes, int threads) {
    long image =
        passes.stream().flatMap(List::stream).mapToLong(Workspace::framedInput).max().orElse(0)
            + most(passes, Workspace::framedGradient)
            + most(passes, conv -> conv.outSize() / conv.n())
            + TRANSFORMED * TILES * (most(passes, Conv::in) + most(passes, Conv::out));
    return Float.BYTES
        * (threads * image + (1 + PARTIAL_GRADIENTS) * most(passes, Workspace::weight));
  }

  private static long most(Set<List<Conv>> passes, ToLongFunction<Conv> floats) {
    return passes.stream().mapToLong(pass -> pass.stream().mapToLong(floats).sum()).max().orElse(0);
  }

  private static long weight(Conv conv) {
    return (long) conv.weightSize() * (conv.kh() == 3 ? TRANSFORMED : 9) / 9;
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
