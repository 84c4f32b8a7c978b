package org.espalier.backend.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.espalier.backend.Conv;

/**
 * Depthwise convolution of one geometry and its gradients: vertical code over the channels. Where a
 * few channels fill a vector only together with the next pixels', those are computed along with
 * them.
 */
final class SimdDepthwise {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = S.length();

  /** Kernel positions of a block in the gradient of the weight: all of 3x3. */
  private static final int TAPS = 9;

  private static final int FRAMED = 0;
  private static final int UPSTREAM = 1;
  private static final int PACKED = 2;

  /** Image groups that sum the gradient of the weight by themselves; added in order. */
  private static final int IMAGE_GROUPS = 16;

  private final Conv conv;
  private final SimdConvPlan forward;
  private final SimdConvPlan gradInput;
  private final List<Table> forwardTables;
  private final List<Table> gradInputTables;

  SimdDepthwise(Conv conv) {
    this.conv = conv;
    forward = SimdConvPlan.forward(conv);
    gradInput = SimdConvPlan.gradInput(conv);
    forwardTables = tables(forward);
    gradInputTables = tables(gradInput);
  }

  private List<Table> tables(SimdConvPlan plan) {
    List<Table> tables = new ArrayList<>();
    int start = 0;
    for (SimdConvPlan.Part part : plan.parts) {
      Table table = new Table(part, conv.in(), start);
      tables.add(table);
      start = table.end();
    }
    return tables;
  }

  /**
   * Row r of the target, at {@code c[r]}, sums over the taps {@code a[r] + taps[t]} times weight
   * row t.
   */
  private static final class Table {
    final int channels;

    /** Pixels in a row of this table; their channels are its width. */
    final int abreast;

    final int width;
    final int rows;
    final int[] a;
    final int[] c;
    final int[] taps;
    final int[] weights;
    final int start;

    Table(SimdConvPlan.Part part, int channels, int start) {
      this.channels = channels;
      this.start = start;
      int fit = LANES / channels;
      abreast = fit > 1 && fit * channels == LANES && part.run % fit == 0 ? fit : 1;
      width = abreast * channels;
      rows = part.pixels / abreast;
      a = everyRow(part.rows.a);
      c = everyRow(part.target);
      taps = part.rows.taps;
      weights = part.weights;
    }

    private int[] everyRow(int[] of) {
      int[] picked = new int[(rows + 7) / 8 * 8];
      Arrays.setAll(picked, r -> of[Math.min(r, rows - 1) * abreast]);
      return picked;
    }

    int tap(int t) {
      return taps[Math.min(t, taps.length - 1)];
    }

    /** Where its packed weight ends. */
    int end() {
      return start + taps.length * padded(width);
    }

    void pack(CpuBuffer w, float[] packed) {
      for (int t = 0; t < taps.length; t++) {
        for (int i = 0; i < width; i++) {
          packed[start + t * padded(width) + i] = w.get(weights[t] + i % channels);
        }
      }
    }
  }

  private static int padded(int width) {
    return (width + LANES - 1) / LANES * LANES;
  }

  void forward(Workers workers, CpuBuffer x, CpuBuffer w, CpuBuffer y) {
    run(workers, forward, forwardTables, x, w, y, false);
  }

  void gradInput(Workers workers, CpuBuffer dy, CpuBuffer w, CpuBuffer dx, boolean add) {
    run(workers, gradInput, gradInputTables, dy, w, dx, add);
  }

  private void run(
      Workers workers,
      SimdConvPlan plan,
      List<Table> tables,
      CpuBuffer source,
      CpuBuffer w,
      CpuBuffer target,
      boolean add) {
    float[] packed = workers.scratch(0, PACKED, tables.getLast().end());
    tables.forEach(table -> table.pack(w, packed));
    workers.parallel(
        conv.n(),
        (image, worker) -> {
          CpuBuffer a = framed(workers, worker, plan.frame, source, image);
          int startC = target.offset() + image * plan.targetSize;
          for (Table table : tables) {
            pixels8(table, a.data(), a.offset(), packed, table.start, target.data(), startC, add);
          }
        });
  }

  /**
   * The image within its frame; the source itself if it needs none and no vector reads past its
   * end.
   */
  private CpuBuffer framed(
      Workers workers, int worker, SimdFrame frame, CpuBuffer source, int image) {
    if (frame.bare() && conv.in() % LANES == 0) {
      return (CpuBuffer) source.slice(image * frame.imageSize(), frame.imageSize());
    }
    float[] framed = workers.scratch(worker, FRAMED, frame.size() + LANES);
    frame.place(source.data(), source.offset() + image * frame.imageSize(), framed);
    return new CpuBuffer(framed, 0, frame.size());
  }

  /** dw += the gradient. */
  void gradWeight(Workers workers, CpuBuffer x, CpuBuffer dy, CpuBuffer dw) {
    Table table = forwardTables.getFirst();
    int size = (table.taps.length + TAPS - 1) / TAPS * TAPS * padded(table.width);
    int groups = Math.min(IMAGE_GROUPS, conv.n());
    float[] sums = workers.scratch(0, PACKED, groups * size);
    workers.parallel(
        groups,
        (group, worker) -> {
          Arrays.fill(sums, group * size, (group + 1) * size, 0);
          for (int image = group * conv.n() / groups;
              image < (group + 1) * conv.n() / groups;
              image++) {
            gradWeight(workers, worker, image, x, dy, sums, group * size);
          }
        });
    for (int t = 0; t < table.taps.length; t++) {
      for (int i = 0; i < table.width; i++) {
        float sum = 0;
        for (int group = 0; group < groups; group++) {
          sum += sums[group * size + t * padded(table.width) + i];
        }
        dw.put(table.weights[t] + i % conv.in(), sum, true);
      }
    }
  }

  private void gradWeight(
      Workers workers, int worker, int image, CpuBuffer x, CpuBuffer dy, float[] sums, int start) {
    Table table = forwardTables.getFirst();
    CpuBuffer a = framed(workers, worker, forward.frame, x, image);
    float[] b = dy.data();
    int startB = dy.offset() + image * forward.targetSize;
    if (table.width % LANES != 0) {
      b = workers.scratch(worker, UPSTREAM, forward.targetSize + LANES);
      System.arraycopy(dy.data(), startB, b, 0, forward.targetSize);
      startB = 0;
    }
    for (int column = 0; column < table.width; column += LANES) {
      for (int tap = 0; tap < table.taps.length; tap += TAPS) {
        taps9(table, tap, column, a.data(), a.offset(), b, startB, sums, start);
      }
    }
  }

  /** Rows of 8 pixels by one vector of channels. */
  private static void pixels8(
      Table table,
      float[] a,
      int startA,
      float[] w,
      int startW,
      float[] c,
      int startC,
      boolean add) {
    int width = table.width;
    int padded = padded(width);
    VectorMask<Float> all = S.indexInRange(0, LANES);
    VectorMask<Float> tail = S.indexInRange(padded - LANES, width);
    for (int row = 0; row < table.a.length; row += 8) {
      for (int column = 0; column < width; column += LANES) {
        VectorMask<Float> mask = column + LANES <= width ? all : tail;
        int a0 = startA + column + table.a[row + 0];
        int a1 = startA + column + table.a[row + 1];
        int a2 = startA + column + table.a[row + 2];
        int a3 = startA + column + table.a[row + 3];
        int a4 = startA + column + table.a[row + 4];
        int a5 = startA + column + table.a[row + 5];
        int a6 = startA + column + table.a[row + 6];
        int a7 = startA + column + table.a[row + 7];
        FloatVector c0 = FloatVector.zero(S);
        FloatVector c1 = FloatVector.zero(S);
        FloatVector c2 = FloatVector.zero(S);
        FloatVector c3 = FloatVector.zero(S);
        FloatVector c4 = FloatVector.zero(S);
        FloatVector c5 = FloatVector.zero(S);
        FloatVector c6 = FloatVector.zero(S);
        FloatVector c7 = FloatVector.zero(S);
        int at = startW + column;
        for (int tap : table.taps) {
          FloatVector weight = FloatVector.fromArray(S, w, at);
          at += padded;
          c0 = FloatVector.fromArray(S, a, a0 + tap).fma(weight, c0);
          c1 = FloatVector.fromArray(S, a, a1 + tap).fma(weight, c1);
          c2 = FloatVector.fromArray(S, a, a2 + tap).fma(weight, c2);
          c3 = FloatVector.fromArray(S, a, a3 + tap).fma(weight, c3);
          c4 = FloatVector.fromArray(S, a, a4 + tap).fma(weight, c4);
          c5 = FloatVector.fromArray(S, a, a5 + tap).fma(weight, c5);
          c6 = FloatVector.fromArray(S, a, a6 + tap).fma(weight, c6);
          c7 = FloatVector.fromArray(S, a, a7 + tap).fma(weight, c7);
        }
        int q0 = startC + column + table.c[row + 0];
        int q1 = startC + column + table.c[row + 1];
        int q2 = startC + column + table.c[row + 2];
        int q3 = startC + column + table.c[row + 3];
        int q4 = startC + column + table.c[row + 4];
        int q5 = startC + column + table.c[row + 5];
        int q6 = startC + column + table.c[row + 6];
        int q7 = startC + column + table.c[row + 7];
        if (add) {
          c0 = c0.add(FloatVector.fromArray(S, c, q0, mask));
          c1 = c1.add(FloatVector.fromArray(S, c, q1, mask));
          c2 = c2.add(FloatVector.fromArray(S, c, q2, mask));
          c3 = c3.add(FloatVector.fromArray(S, c, q3, mask));
          c4 = c4.add(FloatVector.fromArray(S, c, q4, mask));
          c5 = c5.add(FloatVector.fromArray(S, c, q5, mask));
          c6 = c6.add(FloatVector.fromArray(S, c, q6, mask));
          c7 = c7.add(FloatVector.fromArray(S, c, q7, mask));
        }
        c0.intoArray(c, q0, mask);
        c1.intoArray(c, q1, mask);
        c2.intoArray(c, q2, mask);
        c3.intoArray(c, q3, mask);
        c4.intoArray(c, q4, mask);
        c5.intoArray(c, q5, mask);
        c6.intoArray(c, q6, mask);
        c7.intoArray(c, q7, mask);
      }
    }
  }

  /** Adds one image's share of the gradient of 9 kernel positions, for one vector of channels. */
  private static void taps9(
      Table table,
      int firstTap,
      int column,
      float[] a,
      int startA,
      float[] dy,
      int startB,
      float[] sum,
      int startC) {
    int padded = padded(table.width);
    int t0 = startA + column + table.tap(firstTap + 0);
    int t1 = startA + column + table.tap(firstTap + 1);
    int t2 = startA + column + table.tap(firstTap + 2);
    int t3 = startA + column + table.tap(firstTap + 3);
    int t4 = startA + column + table.tap(firstTap + 4);
    int t5 = startA + column + table.tap(firstTap + 5);
    int t6 = startA + column + table.tap(firstTap + 6);
    int t7 = startA + column + table.tap(firstTap + 7);
    int t8 = startA + column + table.tap(firstTap + 8);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector c2 = FloatVector.zero(S);
    FloatVector c3 = FloatVector.zero(S);
    FloatVector c4 = FloatVector.zero(S);
    FloatVector c5 = FloatVector.zero(S);
    FloatVector c6 = FloatVector.zero(S);
    FloatVector c7 = FloatVector.zero(S);
    FloatVector c8 = FloatVector.zero(S);
    for (int row = 0; row < table.rows; row++) {
      int at = table.a[row];
      FloatVector upstream = FloatVector.fromArray(S, dy, startB + column + table.c[row]);
      c0 = FloatVector.fromArray(S, a, at + t0).fma(upstream, c0);
      c1 = FloatVector.fromArray(S, a, at + t1).fma(upstream, c1);
      c2 = FloatVector.fromArray(S, a, at + t2).fma(upstream, c2);
      c3 = FloatVector.fromArray(S, a, at + t3).fma(upstream, c3);
      c4 = FloatVector.fromArray(S, a, at + t4).fma(upstream, c4);
      c5 = FloatVector.fromArray(S, a, at + t5).fma(upstream, c5);
      c6 = FloatVector.fromArray(S, a, at + t6).fma(upstream, c6);
      c7 = FloatVector.fromArray(S, a, at + t7).fma(upstream, c7);
      c8 = FloatVector.fromArray(S, a, at + t8).fma(upstream, c8);
    }
    int q = startC + firstTap * padded + column;
    c0.add(FloatVector.fromArray(S, sum, q)).intoArray(sum, q);
    c1.add(FloatVector.fromArray(S, sum, q + padded)).intoArray(sum, q + padded);
    c2.add(FloatVector.fromArray(S, sum, q + 2 * padded)).intoArray(sum, q + 2 * padded);
    c3.add(FloatVector.fromArray(S, sum, q + 3 * padded)).intoArray(sum, q + 3 * padded);
    c4.add(FloatVector.fromArray(S, sum, q + 4 * padded)).intoArray(sum, q + 4 * padded);
    c5.add(FloatVector.fromArray(S, sum, q + 5 * padded)).intoArray(sum, q + 5 * padded);
    c6.add(FloatVector.fromArray(S, sum, q + 6 * padded)).intoArray(sum, q + 6 * padded);
    c7.add(FloatVector.fromArray(S, sum, q + 7 * padded)).intoArray(sum, q + 7 * padded);
    c8.add(FloatVector.fromArray(S, sum, q + 8 * padded)).intoArray(sum, q + 8 * padded);
  }
}
