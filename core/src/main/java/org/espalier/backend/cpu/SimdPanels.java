package org.espalier.backend.cpu;

import java.util.Arrays;

/**
 * The columns of a product in panels of one to three vectors, as blocks compute them. A matrix
 * {@code [depth, width]} that they read is packed panel after panel, each row after row.
 *
 * @param columns that count; what fills up the last vector is never looked at
 * @param vectors of each panel: threes, and twos for what is left
 */
record SimdPanels(int columns, int[] vectors) {
  private static final int LANES = SimdBlock.LANES;

  static SimdPanels of(int columns) {
    return new SimdPanels(columns, cut(padded(columns) / LANES));
  }

  static int padded(int columns) {
    return (columns + LANES - 1) / LANES * LANES;
  }

  int width() {
    return padded(columns);
  }

  private static int[] cut(int all) {
    if (all == 1) {
      return new int[] {1};
    }
    int twos = (3 - all % 3) % 3;
    int[] vectors = new int[twos + (all - 2 * twos) / 3];
    Arrays.fill(vectors, 3);
    Arrays.fill(vectors, vectors.length - twos, vectors.length, 2);
    return vectors;
  }

  /**
   * Writes {@code count} columns from {@code first} on of row {@code row}: {@code source[from]},
   * {@code source[from + stride]}, ...
   */
  void pack(
      float[] source,
      int from,
      int stride,
      int first,
      int count,
      float[] packed,
      int at,
      int depth,
      int row) {
    int start = 0;
    for (int each : vectors) {
      int panel = each * LANES;
      int to = at + start * depth + row * panel - start;
      int end = Math.min(first + count, start + panel);
      for (int column = Math.max(first, start); column < end; column++) {
        packed[to + column] = source[from + (column - first) * stride];
      }
      start += panel;
    }
  }

  /** Writes the zeros of row {@code row} beyond the columns that count. */
  void clear(float[] packed, int at, int depth, int row) {
    int panel = vectors[vectors.length - 1] * LANES;
    int start = width() - panel;
    int to = at + start * depth + row * panel;
    Arrays.fill(packed, to + columns - start, to + panel, 0);
  }

  /** Where the value of a row and column lies in a packed matrix. */
  int place(int row, int column, int depth) {
    int start = 0;
    int which = 0;
    while (column >= start + vectors[which] * LANES) {
      start += vectors[which++] * LANES;
    }
    return start * depth + row * vectors[which] * LANES + column - start;
  }
}
