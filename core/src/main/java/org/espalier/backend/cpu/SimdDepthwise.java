package org.espalier.backend.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.cpu.SimdWide.Scratch;
import org.jspecify.annotations.Nullable;

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

  private static final Map<Conv, SimdDepthwise> PLANS = new ConcurrentHashMap<>();

  /** Image groups that sum the gradient of the weight by themselves; added in order. */
  private static final int IMAGE_GROUPS = 16;

  private final Conv conv;
  private final SimdFrame input;
  private final SimdFrame upstream;
  private final List<Table> forward;
  private final List<Table> backward;

  private SimdDepthwise(Conv conv) {
    this.conv = conv;
    SimdConvPlan gather = SimdConvPlan.forward(conv);
    SimdConvPlan scatter = SimdConvPlan.gradInput(conv);
    input = SimdConvPlan.frame(conv.h(), conv.w(), conv.in(), List.of(gather));
    upstream = SimdConvPlan.frame(conv.outH(), conv.outW(), conv.in(), List.of(scatter));
    forward = tables(gather, input);
    backward = tables(scatter, upstream);
  }

  static SimdDepthwise of(Conv conv) {
    return PLANS.computeIfAbsent(conv, SimdDepthwise::new);
  }

  private List<Table> tables(SimdConvPlan plan, SimdFrame frame) {
    List<Table> tables = new ArrayList<>();
    int start = 0;
    for (SimdConvPlan.Part part : plan.parts()) {
      Table table = new Table(conv, plan, part, frame, start);
      tables.add(table);
      start = table.end();
    }
    return tables;
  }

  /**
   * Row r of the target, at {@code c[r]}, sums over the taps {@code a[r] + taps[t]} times weight
   * row t. There are a multiple of 8 rows: to fill up, the last is repeated.
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

    Table(Conv conv, SimdConvPlan plan, SimdConvPlan.Part part, SimdFrame frame, int start) {
      SimdConvPlan.Axis y = part.y();
      SimdConvPlan.Axis x = part.x();
      channels = conv.in();
      this.start = start;
      int fit = LANES / channels;
      boolean whole = fit > 1 && fit * channels == LANES && x.count() % fit == 0;
      abreast = whole && x.step() == 1 && x.stride() == 1 ? fit : 1;
      width = abreast * channels;
      int perLine = x.count() / abreast;
      rows = y.count() * perLine;
      a = new int[(rows + 7) / 8 * 8];
      c = new int[a.length];
      for (int r = 0; r < a.length; r++) {
        int qy = Math.min(r, rows - 1) / perLine;
        int qx = Math.min(r, rows - 1) % perLine * abreast;
        a[r] = qy * y.step() * frame.rowSize() + qx * x.step() * channels;
        c[r] =
            ((y.first() + qy * y.stride()) * plan.targetW() + x.first() + qx * x.stride())
                * channels;
      }
      taps = new int[y.taps().size() * x.taps().size()];
      weights = new int[taps.length];
      int t = 0;
      for (SimdConvPlan.Tap ty : y.taps()) {
        for (SimdConvPlan.Tap tx : x.taps()) {
          taps[t] = frame.origin() + ty.offset() * frame.rowSize() + tx.offset() * channels;
          weights[t++] = (ty.kernel() * conv.kw() + tx.kernel()) * channels;
        }
      }
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

  void forward(Workers workers, boolean relu, CpuBuffer x, CpuBuffer w, CpuBuffer y) {
    float[] packed = packed(workers, forward, w);
    int size = conv.outH() * conv.outW() * conv.out();
    workers.parallel(
        conv.n(),
        (image, worker) -> {
          CpuBuffer a = framed(workers, worker, relu, x, image);
          for (Table table : forward) {
            pixels8(
                table,
                a.data(),
                a.offset(),
                packed,
                table.start,
                y.data(),
                y.offset() + image * size);
          }
        });
  }

  private static float[] packed(Workers workers, List<Table> tables, CpuBuffer w) {
    float[] packed = workers.scratch(0, Scratch.PACKED, tables.getLast().end());
    tables.forEach(table -> table.pack(w, packed));
    return packed;
  }

  /**
   * The image within its frame; the source itself if it needs none and no vector reads past its
   * end.
   */
  private CpuBuffer framed(Workers workers, int worker, boolean relu, CpuBuffer source, int image) {
    if (!relu && input.bare() && conv.in() % LANES == 0) {
      return (CpuBuffer) source.slice(image * input.imageSize(), input.imageSize());
    }
    CpuBuffer framed = workers.buffer(worker, Scratch.FRAMED, input.size() + LANES);
    int start = source.offset() + image * input.imageSize();
    input.place(relu, source.data(), start, framed.data(), framed.offset());
    return framed;
  }

  /** dx (+)= the gradient, if wanted; dw += its own, if wanted; both from one reading. */
  void backward(Workers workers, Fan fan, Fan.Arm arm, @Nullable CpuBuffer dx, boolean add) {
    CpuBuffer x = CpuBuffer.of(fan.x());
    float[] packed = packed(workers, backward, CpuBuffer.of(arm.w()));
    Table table = forward.getFirst();
    int size = (table.taps.length + TAPS - 1) / TAPS * TAPS * padded(table.width);
    int groups = Math.min(IMAGE_GROUPS, conv.n());
    float[] sums = workers.scratch(0, Scratch.PARTIAL, groups * size);
    workers.parallel(
        groups,
        (group, worker) -> {
          Arrays.fill(sums, group * size, (group + 1) * size, 0);
          for (int image = group * conv.n() / groups;
              image < (group + 1) * conv.n() / groups;
              image++) {
            CpuBuffer dy = workers.buffer(worker, Scratch.UPSTREAM, upstream.size() + LANES);
            upstream.border(dy.data(), dy.offset());
            upstream.gradient(
                Objects.requireNonNull(arm.upstream()),
                CpuBuffer.of(arm.y()),
                image,
                conv.in(),
                dy,
                0);
            if (dx != null) {
              gradInput(workers, worker, fan.relu(), image, dy, packed, x, dx, add);
            }
            if (arm.dw() != null) {
              CpuBuffer a = framed(workers, worker, fan.relu(), x, image);
              for (int column = 0; column < table.width; column += LANES) {
                for (int tap = 0; tap < table.taps.length; tap += TAPS) {
                  taps9(
                      tap,
                      column,
                      a.data(),
                      a.offset(),
                      dy.data(),
                      dy.offset(),
                      sums,
                      group * size);
                }
              }
            }
          }
        });
    if (arm.dw() != null) {
      gather(sums, groups, size, CpuBuffer.of(arm.dw()));
    }
  }

  private void gradInput(
      Workers workers,
      int worker,
      boolean relu,
      int image,
      CpuBuffer dy,
      float[] packed,
      CpuBuffer x,
      CpuBuffer dx,
      boolean add) {
    CpuBuffer result = workers.buffer(worker, Scratch.RESULT, input.imageSize());
    for (Table table : backward) {
      pixels8(table, dy.data(), dy.offset(), packed, table.start, result.data(), result.offset());
    }
    int pixels = conv.h() * conv.w();
    SimdMask.deliver(result, 1, pixels, conv.in(), conv.in(), relu, x, dx, image, add);
  }

  private void gather(float[] sums, int groups, int size, CpuBuffer dw) {
    Table table = forward.getFirst();
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

  /** Rows of 8 pixels by one vector of channels. */
  private static void pixels8(
      Table table, float[] a, int startA, float[] w, int startW, float[] c, int startC) {
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
  private void taps9(
      int firstTap,
      int column,
      float[] a,
      int startA,
      float[] dy,
      int startDy,
      float[] sum,
      int startC) {
    Table table = forward.getFirst();
    int perLine = conv.outW() / table.abreast;
    int step = conv.stride() * table.width;
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
    for (int line = 0; line < conv.outH(); line++) {
      int at = line * conv.stride() * input.rowSize();
      int from = startDy + upstream.origin() + line * upstream.rowSize() + column;
      for (int pixel = 0; pixel < perLine; pixel++) {
        FloatVector g = FloatVector.fromArray(S, dy, from);
        c0 = FloatVector.fromArray(S, a, at + t0).fma(g, c0);
        c1 = FloatVector.fromArray(S, a, at + t1).fma(g, c1);
        c2 = FloatVector.fromArray(S, a, at + t2).fma(g, c2);
        c3 = FloatVector.fromArray(S, a, at + t3).fma(g, c3);
        c4 = FloatVector.fromArray(S, a, at + t4).fma(g, c4);
        c5 = FloatVector.fromArray(S, a, at + t5).fma(g, c5);
        c6 = FloatVector.fromArray(S, a, at + t6).fma(g, c6);
        c7 = FloatVector.fromArray(S, a, at + t7).fma(g, c7);
        c8 = FloatVector.fromArray(S, a, at + t8).fma(g, c8);
        at += step;
        from += table.width;
      }
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
