package org.espalier.cuda;

import org.espalier.backend.Conv;

/**
 * {@code [n, h, w]} positions, cut into tiles of images by rows by columns, all powers of two: see
 * conv.cuh.
 */
record Tiling(int n, int h, int w, int images, int rows, int cols) {
  /** Rows and columns of a tile, at most. */
  static final int SIDE = 16;

  /** Tiles of {@code positions}, a power of two: as square as the image allows. */
  static Tiling of(int n, int h, int w, int positions) {
    int side = h == 1 ? positions : Math.min(SIDE, positions);
    int cols = Math.min(side, Lanes.powerOfTwo(w));
    int rows = Math.min(Math.min(side, positions / cols), Lanes.powerOfTwo(h));
    return new Tiling(n, h, w, positions / (cols * rows), rows, cols);
  }

  /** Tiles of a convolution's results. */
  static Tiling results(Conv conv, int positions) {
    return of(conv.n(), conv.outH(), conv.outW(), positions);
  }

  /** Tiles of a class of pixels alike modulo the stride. */
  static Tiling pixels(Conv conv, int positions) {
    int s = conv.stride();
    return of(conv.n(), Lanes.ceil(conv.h(), s), Lanes.ceil(conv.w(), s), positions);
  }

  /**
   * One row of pixels in place of images, where every pixel is by itself: no tile has an edge then.
   */
  static Conv flat(Conv c) {
    return new Conv(1, 1, c.n() * c.h() * c.w(), c.in(), c.out(), 1, 1, 1, 0, 1, 1);
  }

  int positions() {
    return images * rows * cols;
  }

  int tiles() {
    return Lanes.ceil(n, images) * Lanes.ceil(h, rows) * Lanes.ceil(w, cols);
  }

  void write(Launch launch) {
    launch.i32(n).i32(h).i32(w).i32(images).i32(rows).i32(cols);
  }
}
