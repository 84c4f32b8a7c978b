package org.espalier.backend.cpu;

import org.espalier.backend.Conv;

/**
 * The gradient of one convolution geometry with respect to its weight: a row for each kernel
 * position and input channel, summed over the output pixels. A fixed number of image groups sum by
 * themselves, and their sums are added in order, so that the bits do not depend on the threads.
 */
final class SimdConvWeight {
  private static final int FRAMED = 0;
  private static final int UPSTREAM = 1;
  private static final int PARTIAL = 2;

  /**
   * Image groups for small and large weights: more would balance the threads better, but all must
   * be added up.
   */
  private static final int MANY_GROUPS = 16;

  private static final int FEW_GROUPS = 8;
  private static final int LARGE_WEIGHT = 8192;

  private final Conv conv;
  private final SimdFrame frame;

  /**
   * Whether dy is read through a sliding window. One input value meets kw neighbouring pixels of
   * dy, one for each kernel column, and these lie side by side: with 8 channels, 24 columns of a
   * block instead of 8.
   */
  private final boolean window;

  private final SimdFrame windowFrame;

  /** Rows of the gradient come in runs whose values lie side by side in the framed input. */
  private final int[] runs;

  private final int runRows;
  private final int paddedRows;
  private final int columns;
  private final int paddedColumns;
  private final SimdLines.Table lines;
  private final boolean placeInput;
  private final boolean placeUpstream;
  private final int imageGroups;

  SimdConvWeight(Conv conv) {
    this.conv = conv;
    frame = SimdConvPlan.forward(conv).frame;
    boolean joined = conv.groups() == 1 && conv.dilation() == 1;
    window = joined && conv.stride() == 1 && conv.kw() > 1 && 2 * conv.out() <= SimdLines.LANES;
    int margin = conv.kw() - 1;
    windowFrame =
        new SimdFrame(
            conv.outH(), conv.outW(), conv.out(), 0, margin, conv.outH(), conv.outW() + 2 * margin);
    columns = window ? conv.kw() * conv.out() : conv.groupOut();
    paddedColumns = SimdLines.padded(columns);
    runRows = window || !joined ? conv.groupIn() : conv.kw() * conv.in();
    paddedRows = SimdLines.paddedRows(runRows);
    runs = runs(joined);
    placeInput = !frame.bare() || runRows != paddedRows;
    placeUpstream = window || conv.groups() > 1 || columns != paddedColumns;
    lines = lines();
    // The bits depend on this number: it follows from the shape.
    imageGroups = Math.min(conv.n(), conv.weightSize() > LARGE_WEIGHT ? FEW_GROUPS : MANY_GROUPS);
  }

  private int[] runs(boolean joined) {
    int[] starts = new int[joined ? conv.kh() : conv.kh() * conv.kw()];
    for (int i = 0; i < starts.length; i++) {
      int ky = joined ? i : i / conv.kw();
      int kx = joined ? 0 : i % conv.kw();
      starts[i] = conv.dilation() * (ky * frame.rowSize() + kx * conv.in());
    }
    return starts;
  }

  private SimdLines.Table lines() {
    int lineA = conv.stride() * frame.rowSize();
    int strideA = conv.stride() * conv.in();
    if (window) {
      int width = conv.outW() + conv.kw() - 1;
      return new SimdLines.Table(
          conv.outH(), width, lineA, strideA, windowFrame.rowSize(), conv.out());
    }
    int strideB = placeUpstream ? paddedColumns : conv.out();
    int lineB = conv.outW() * strideB;
    return lineA == conv.outW() * strideA
        ? new SimdLines.Table(1, conv.outH() * conv.outW(), 0, strideA, 0, strideB)
        : new SimdLines.Table(conv.outH(), conv.outW(), lineA, strideA, lineB, strideB);
  }

  /** dw += the gradient. */
  void run(Workers workers, CpuBuffer x, CpuBuffer dy, CpuBuffer dw) {
    int size = conv.groups() * runs.length * paddedRows * paddedColumns;
    float[] partial = workers.scratch(0, PARTIAL, imageGroups * size);
    workers.parallel(
        imageGroups,
        (part, worker) -> {
          int from = part * conv.n() / imageGroups;
          int to = (part + 1) * conv.n() / imageGroups;
          for (int image = from; image < to; image++) {
            image(workers, worker, image, x, dy, partial, part * size, image > from);
          }
        });
    workers.ranges(size, LARGE_WEIGHT, (from, to, worker) -> add(partial, size, from, to));
    scatter(partial, dw);
  }

  private void image(
      Workers workers,
      int worker,
      int image,
      CpuBuffer x,
      CpuBuffer dy,
      float[] partial,
      int start,
      boolean add) {
    float[] a = x.data();
    int startA = x.offset() + image * frame.imageSize();
    if (placeInput) {
      float[] framed = workers.scratch(worker, FRAMED, frame.size() + SimdLines.ROWS);
      frame.place(a, startA, framed);
      a = framed;
      startA = 0;
    }
    for (int group = 0; group < conv.groups(); group++) {
      float[] b = dy.data();
      int startB = dy.offset() + image * windowFrame.imageSize();
      if (placeUpstream) {
        b = upstream(workers, worker, group, b, startB);
        startB = 0;
      }
      for (int run = 0; run < runs.length; run++) {
        int fromA = startA + runs[run] + group * conv.groupIn();
        int fromC = start + (group * runs.length + run) * paddedRows * paddedColumns;
        SimdLines.multiply(lines, runRows, a, fromA, b, startB, partial, fromC, paddedColumns, add);
      }
    }
  }

  /** One image's dy for one group, such that whole vectors can be read. */
  private float[] upstream(Workers workers, int worker, int group, float[] dy, int start) {
    int pixels = conv.outH() * conv.outW();
    int size = window ? windowFrame.size() + paddedColumns : pixels * paddedColumns;
    float[] placed = workers.scratch(worker, UPSTREAM, size);
    if (window) {
      windowFrame.place(dy, start, placed);
      return placed;
    }
    for (int pixel = 0; pixel < pixels; pixel++) {
      System.arraycopy(
          dy, start + pixel * conv.out() + group * columns, placed, pixel * paddedColumns, columns);
    }
    return placed;
  }

  private void add(float[] partial, int size, int from, int to) {
    for (int part = 1; part < imageGroups; part++) {
      int start = part * size;
      for (int i = from; i < to; i++) {
        partial[i] += partial[start + i];
      }
    }
  }

  private void scatter(float[] sum, CpuBuffer dw) {
    int positions = window ? conv.kw() : 1;
    int width = columns / positions;
    for (int group = 0; group < conv.groups(); group++) {
      for (int run = 0; run < runs.length; run++) {
        for (int row = 0; row < runRows; row++) {
          int from = ((group * runs.length + run) * paddedRows + row) * paddedColumns;
          for (int p = 0; p < positions; p++) {
            int kx = positions - 1 - p; // the window runs against the kernel
            int to =
                dw.offset() + ((run * positions + kx) * runRows + row) * conv.out() + group * width;
            for (int i = 0; i < width; i++) {
              dw.data()[to + i] += sum[from + p * width + i];
            }
          }
        }
      }
    }
  }
}
