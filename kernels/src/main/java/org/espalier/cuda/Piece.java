package org.espalier.cuda;

import java.util.List;
import org.espalier.backend.Conv;

/**
 * The part of the input that a tile of results looks at, for all of some convolutions together.
 *
 * @param fromY where it begins, beside the tile's first result times the stride
 * @param fromX likewise
 */
record Piece(int fromY, int fromX, int tall, int wide) {
  static Piece of(List<Conv> convs, Tiling tiling) {
    int fromY = Integer.MAX_VALUE;
    int fromX = Integer.MAX_VALUE;
    int toY = Integer.MIN_VALUE;
    int toX = Integer.MIN_VALUE;
    for (Conv c : convs) {
      fromY = Math.min(fromY, -c.before());
      fromX = Math.min(fromX, -c.before());
      toY = Math.max(toY, (c.kh() - 1) * c.dilation() - c.before());
      toX = Math.max(toX, (c.kw() - 1) * c.dilation() - c.before());
    }
    int stride = convs.getFirst().stride();
    return new Piece(
        fromY,
        fromX,
        (tiling.rows() - 1) * stride + 1 + toY - fromY,
        (tiling.cols() - 1) * stride + 1 + toX - fromX);
  }

  /**
   * The largest part of their results' gradients that a tile of a class of pixels looks at; where
   * it begins depends on the class.
   */
  static Piece ofGradients(List<Conv> convs, Tiling tiling) {
    int tall = 0;
    int wide = 0;
    for (Conv c : convs) {
      tall = Math.max(tall, tiling.rows() + (c.kh() - 1) * c.dilation() / c.stride());
      wide = Math.max(wide, tiling.cols() + (c.kw() - 1) * c.dilation() / c.stride());
    }
    return new Piece(0, 0, tall, wide);
  }

  int pixels(Tiling tiling) {
    return tiling.images() * tall * wide;
  }

  void write(Launch launch) {
    launch.i32(fromY).i32(fromX).i32(tall).i32(wide);
  }
}
