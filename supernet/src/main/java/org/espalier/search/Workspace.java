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
  /** Sums of the weights' gradients over parts of the batch, which has as many at the least. */
  private static final int PARTS = 16;

  /** Values of a 3x3 kernel, or of a tile of 4x4, that Winograd's transform makes. */
  private static final int TRANSFORMED = 36;

  private static final int TILE_SIZE = 4;

  /** Tiles that are worked on at a time. */
  private static final int TILES = 16;

  private Workspace() {}

  /** Bytes of the heap for these convolutions, those of one pass together, and their gradients. */
  static long bytes(Set<List<Conv>> passes, int threads) {
    long image =
        passes.stream().flatMap(List::stream).mapToLong(Workspace::framedInput).max().orElse(0)
            + most(passes, Workspace::framedGradient)
            + most(passes, conv -> together(conv) * conv.outSize() / conv.n())
            + TRANSFORMED * TILES * (most(passes, Conv::in) + most(passes, Conv::out));
    // Packed weights, of all; sums of their gradients, of each thread, and what comes of them.
    long weights = most(passes, Workspace::transformed);
    return Float.BYTES
        * (threads * (image + weights) + weights + PARTS * most(passes, Conv::weightSize));
  }

  private static long most(Set<List<Conv>> passes, ToLongFunction<Conv> floats) {
    return passes.stream().mapToLong(pass -> pass.stream().mapToLong(floats).sum()).max().orElse(0);
  }

  private static long transformed(Conv conv) {
    return (long) conv.weightSize() * (conv.kh() == 3 ? TRANSFORMED : 9) / 9;
  }

  /** Images that are worked on together, where one has few tiles. */
  private static long together(Conv conv) {
    int tiles = Math.ceilDiv(conv.h(), TILE_SIZE) * Math.ceilDiv(conv.w(), TILE_SIZE);
    return conv.kh() == 3 ? Math.max(1, Math.min(conv.n() / PARTS, TILES / tiles)) : 1;
  }

  private static long framedInput(Conv conv) {
    return together(conv) * framed(conv.h(), conv.w(), conv.in(), conv.pad());
  }

  private static long framedGradient(Conv conv) {
    int reach = conv.dilation() * (Math.max(conv.kh(), conv.kw()) - 1);
    return together(conv) * framed(conv.outH(), conv.outW(), conv.out(), reach);
  }

  private static long framed(int h, int w, int channels, int border) {
    return (long) (h + 2 * border) * (w + 2 * border) * channels;
  }
}
