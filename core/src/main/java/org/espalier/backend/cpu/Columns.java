package org.espalier.backend.cpu;

import java.util.Arrays;

/**
 * How {@code [rows, channels]}, taken as one flat run of floats, is cut for per-channel work at
 * full vector width whatever the number of channels.
 *
 * <p>Per-channel coefficients are written out over a <em>tile</em>, a run of whole rows that is
 * also a whole number of vectors. Element i of a tile then meets coefficient i, with no regard to
 * channels. Sums work the same way backwards: one accumulator for each position of a tile, folded
 * into channels in double precision at the end of a <em>chunk</em>, a run of whole tiles and the
 * unit of parallel work. Since both follow from the shape alone, sums depend neither on threads nor
 * on the vector length.
 *
 * @param size floats in all
 * @param channels C
 * @param tile floats of a tile
 * @param chunk floats of a chunk
 */
record Columns(int size, int channels, int tile, int chunk) {
  /** The longest vector there is, in floats; shorter ones divide it. */
  private static final int LANES = 16;

  /**
   * Long enough to forget the cost of a call, and a dozen tiles of coefficients fit the L1 cache.
   */
  private static final int TILE = 512;

  /** A few chunks fit the L2 cache; short enough that sums of floats stay accurate. */
  private static final int CHUNK = 32 * 1024;

  static Columns of(int rows, int channels) {
    int pattern = channels / gcd(channels, LANES) * LANES;
    // An odd and large number of channels: better a scalar tail in each tile than an endless tile.
    int unit = pattern > 4 * TILE ? channels : pattern;
    int tile = unit * Math.max(1, TILE / unit);
    return new Columns(rows * channels, channels, tile, tile * Math.max(1, CHUNK / tile));
  }

  /**
   * An array for coefficients that all chunks read, out of the way of the scratch that they write.
   */
  static float[] coefficients(Workers workers, int size) {
    return workers.scratch(0, 5, size);
  }

  private static int gcd(int a, int b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  int chunks() {
    return Math.max(1, (size + chunk - 1) / chunk);
  }

  int from(int index) {
    return index * chunk;
  }

  int to(int index) {
    return Math.min(size, from(index) + chunk);
  }

  /** Rows of a chunk. */
  int rows(int index) {
    return (to(index) - from(index)) / channels;
  }

  /**
   * Repeats the {@code channels} values at the start of the tile at {@code offset} over all of it.
   */
  void repeat(float[] tiles, int offset) {
    for (int filled = channels; filled < tile; ) {
      int more = Math.min(filled, tile - filled);
      System.arraycopy(tiles, offset, tiles, offset + filled, more);
      filled += more;
    }
  }

  /** Writes the channels' values at the start of {@code row} over the tile at {@code offset}. */
  void repeat(CpuBuffer row, float[] tiles, int offset) {
    System.arraycopy(row.data(), row.offset(), tiles, offset, channels);
    repeat(tiles, offset);
  }

  /** sums[channel] = what the positions of the tile at {@code offset} hold, channel by channel. */
  void fold(float[] tiles, int offset, double[] sums, int to) {
    Arrays.fill(sums, to, to + channels, 0);
    for (int row = offset; row < offset + tile; row += channels) {
      for (int c = 0; c < channels; c++) {
        sums[to + c] += tiles[row + c];
      }
    }
  }

  /**
   * Adds up what the chunks left in {@code sums [chunks, width]}, in their order, in the first of
   * them.
   */
  void gather(double[] sums, int width) {
    for (int index = 1; index < chunks(); index++) {
      for (int i = 0; i < width; i++) {
        sums[i] += sums[index * width + i];
      }
    }
  }
}
