package org.espalier.backend.cpu;

import java.util.Arrays;

/** Sums over rows and rows over all: the mean over pixels, the bias and its gradient. */
final class SimdReductions {
  private static final int GRAIN = 16 * 1024;

  private SimdReductions() {}

  static void sumRows(Workers workers, int rows, int cols, CpuBuffer x, CpuBuffer y, boolean add) {
    Columns columns = Columns.of(rows, cols);
    double[] sums = PartialSums.of(columns.chunks() * cols);
    workers.parallel(
        columns.chunks(),
        (chunk, worker) -> {
          float[] tile = workers.scratch(worker, 0, columns.tile());
          Arrays.fill(tile, 0, columns.tile(), 0);
          TileLoops.sum(
              columns, columns.from(chunk), columns.to(chunk), x.data(), x.offset(), tile, 0);
          columns.fold(tile, 0, sums, chunk * cols);
        });
    columns.gather(sums, cols);
    for (int c = 0; c < cols; c++) {
      y.put(c, (float) sums[c], add);
    }
  }

  static void addRow(Workers workers, int rows, int cols, CpuBuffer x, CpuBuffer row, CpuBuffer y) {
    Columns columns = Columns.of(rows, cols);
    float[] tile = Columns.coefficients(workers, columns.tile());
    columns.repeat(row, tile, 0);
    workers.parallel(
        columns.chunks(),
        (chunk, worker) -> {
          int from = columns.from(chunk);
          int to = columns.to(chunk);
          if (x.data() != y.data() || x.offset() != y.offset()) {
            System.arraycopy(x.data(), x.offset() + from, y.data(), y.offset() + from, to - from);
          }
          spread(columns, from, to, tile, y.data(), y.offset(), true);
        });
  }

  static void meanPixels(Workers workers, int n, int pixels, int c, CpuBuffer x, CpuBuffer y) {
    Columns image = Columns.of(pixels, c);
    double[] sums = PartialSums.of(n * c);
    workers.ranges(
        n,
        Math.max(1, GRAIN / image.size()),
        (from, to, worker) -> {
          float[] tile = workers.scratch(worker, 0, image.tile());
          for (int i = from; i < to; i++) {
            Arrays.fill(tile, 0, image.tile(), 0);
            TileLoops.sum(image, 0, image.size(), x.data(), x.offset() + i * image.size(), tile, 0);
            image.fold(tile, 0, sums, i * c);
          }
        });
    for (int i = 0; i < n * c; i++) {
      y.set(i, (float) (sums[i] / pixels));
    }
  }

  static void meanPixelsGrad(
      Workers workers, int n, int pixels, int c, CpuBuffer dy, CpuBuffer dx, boolean add) {
    Columns image = Columns.of(pixels, c);
    workers.ranges(
        n,
        Math.max(1, GRAIN / image.size()),
        (from, to, worker) -> {
          float[] tile = workers.scratch(worker, 0, image.tile());
          for (int i = from; i < to; i++) {
            SimdElementwise.scaled(c, 1f / pixels, dy.data(), dy.offset() + i * c, tile, 0);
            image.repeat(tile, 0);
            spread(image, 0, image.size(), tile, dx.data(), dx.offset() + i * image.size(), add);
          }
        });
  }

  /** y (+)= the tile, over and over. */
  private static void spread(
      Columns columns, int from, int to, float[] tile, float[] y, int yo, boolean add) {
    for (int start = from; start < to; start += columns.tile()) {
      int length = Math.min(columns.tile(), to - start);
      SimdElementwise.copy(length, tile, 0, y, yo + start, add);
    }
  }
}
