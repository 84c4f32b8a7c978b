package org.espalier.cuda;

import java.util.Collection;
import java.util.List;
import org.espalier.backend.Conv;

/**
 * What the back end takes of a device for itself: what it opens with, and the parts of sums. An
 * estimate from the geometries alone, which asks neither which of several ways a convolution takes
 * nor how wide accesses are. Pools and norms need less than the convolutions around them.
 */
final class Workspace {
  /** Results of a channel to which a tile keeps a part of its moments, at least. */
  private static final int POSITIONS = 32;

  /** Positions that a block sums up for the gradient of a weight, at least. */
  private static final int TILE = 64;

  private Workspace() {}

  /** Bytes by the time that these were computed, those of a list together, and their gradients. */
  static long bytes(CudaOptions options, Collection<List<Conv>> fans) {
    long parts =
        fans.stream()
            .mapToLong(
                fan ->
                    fan.stream().mapToLong(Workspace::parts).sum()
                        + (options.libraries() ? unfused(fan) : 0))
            .max()
            .orElse(0);
    return Device.OWN + Scratch.bytes(parts) + (options.libraries() ? LibraryFans.WORKSPACE : 0);
  }

  /** What libraries are given, and give, where our kernels have it in passing. */
  private static long unfused(List<Conv> fan) {
    Conv first = fan.getFirst();
    long x = (long) first.n() * first.h() * first.w() * first.in();
    return 2 * x + fan.stream().mapToLong(conv -> conv.outSize() + 2L * conv.weightSize()).sum();
  }

  private static long parts(Conv conv) {
    int square = WeightGrads.SQUARE;
    long squares =
        Math.ceilDiv(conv.in() / conv.groups(), square) * (long) Math.ceilDiv(conv.out(), square);
    long moments = 4L * (conv.outSize() / POSITIONS);
    long tiles = (long) conv.outSize() / conv.out() / TILE;
    long splits = Math.min(WeightGrads.BLOCKS / squares, tiles);
    if (conv.depthwise()) { // every tile leaves a part
      splits = Math.max(splits, DepthwiseBackward.mostTiles(conv));
    }
    return moments + conv.weightSize() * (1 + splits);
  }
}
