package org.espalier.cuda;

import org.espalier.backend.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * How blocks lie on {@code [rows, c]}: see Patch in espalier.cuh. It follows from the shape alone,
 * and with it the order of all sums.
 *
 * @param width channels of a thread, 4 or 1
 * @param depth rows of a thread
 */
record Rows(int rows, int c, int width, int depth) {
  /** At most: ROWS in espalier.cuh. */
  private static final int DEPTH = 4;

  /** Columns that a block of a second stage adds up, at most. */
  static final int JOIN_COLUMNS = 32;

  static Rows of(int rows, int c, @Nullable Buffer... buffers) {
    return new Rows(rows, c, Lanes.width(c, buffers), DEPTH);
  }

  /** With fewer rows to a thread, as long as that takes to have so many blocks. */
  Rows spread(int blocks) {
    return depth == 1 || patches() >= blocks
        ? this
        : new Rows(rows, c, width, depth / 2).spread(blocks);
  }

  /** Threads side by side. */
  int lanes() {
    return Math.min(32, Lanes.powerOfTwo(Lanes.ceil(c, width)));
  }

  /** Blocks along the rows: each leaves one part of a sum. */
  int patches() {
    return Lanes.ceil(rows, Lanes.BLOCK / lanes() * depth);
  }

  /** Launches the form of {@code kernel} for this width over all patches and channels. */
  void run(Launch launch, Lanes kernel) {
    int across = Lanes.ceil(c, lanes() * width);
    launch.run(kernel.form(width), patches(), across, 1, Lanes.BLOCK, 0);
  }

  /** Blocks of a second stage. */
  static int joins(int columns) {
    return Lanes.ceil(columns, JOIN_COLUMNS);
  }
}
