package org.espalier.backend.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.espalier.backend.Unary;
import org.espalier.tensor.Rng;

/** Element by element: bound by memory, so one pass each and nothing clever. */
final class SimdElementwise {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  /** Floats of a chunk: 64 KiB of each operand. */
  private static final int GRAIN = 16 * 1024;

  private SimdElementwise() {}

  static void fill(Workers workers, CpuBuffer y, float value) {
    workers.ranges(
        y.size(),
        GRAIN,
        (from, to, worker) -> Arrays.fill(y.data(), y.offset() + from, y.offset() + to, value));
  }

  static void axpby(Workers workers, float a, CpuBuffer x, float b, CpuBuffer y) {
    workers.ranges(
        y.size(),
        GRAIN,
        (from, to, worker) -> {
          if (b == 0) {
            scaled(to - from, a, x.data(), x.offset() + from, y.data(), y.offset() + from);
          } else {
            axpby(to - from, a, x.data(), x.offset() + from, b, y.data(), y.offset() + from);
          }
        });
  }

  static void scaled(int length, float a, float[] x, int xo, float[] y, int yo) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      FloatVector.fromArray(S, x, xo + i).mul(a).intoArray(y, yo + i);
    }
    for (; i < length; i++) {
      y[yo + i] = a * x[xo + i];
    }
  }

  static void axpby(int length, float a, float[] x, int xo, float b, float[] y, int yo) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var ax = FloatVector.fromArray(S, x, xo + i).mul(a);
      ax.add(FloatVector.fromArray(S, y, yo + i).mul(b)).intoArray(y, yo + i);
    }
    for (; i < length; i++) {
      y[yo + i] = a * x[xo + i] + b * y[yo + i];
    }
  }

  static void multiply(Workers workers, CpuBuffer a, CpuBuffer b, CpuBuffer y, boolean add) {
    workers.ranges(
        y.size(),
        GRAIN,
        (from, to, worker) -> {
          int ao = a.offset() + from;
          int bo = b.offset() + from;
          int yo = y.offset() + from;
          if (add) {
            addProduct(to - from, a.data(), ao, b.data(), bo, y.data(), yo);
          } else {
            product(to - from, a.data(), ao, b.data(), bo, y.data(), yo);
          }
        });
  }

  private static void product(int length, float[] a, int ao, float[] b, int bo, float[] y, int yo) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      FloatVector.fromArray(S, a, ao + i)
          .mul(FloatVector.fromArray(S, b, bo + i))
          .intoArray(y, yo + i);
    }
    for (; i < length; i++) {
      y[yo + i] = a[ao + i] * b[bo + i];
    }
  }

  private static void addProduct(
      int length, float[] a, int ao, float[] b, int bo, float[] y, int yo) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      FloatVector.fromArray(S, a, ao + i)
          .fma(FloatVector.fromArray(S, b, bo + i), FloatVector.fromArray(S, y, yo + i))
          .intoArray(y, yo + i);
    }
    for (; i < length; i++) {
      y[yo + i] = Math.fma(a[ao + i], b[bo + i], y[yo + i]);
    }
  }

  static void unary(Workers workers, Unary f, CpuBuffer x, CpuBuffer y) {
    workers.ranges(
        y.size(),
        GRAIN,
        (from, to, worker) -> {
          int xo = x.offset() + from;
          int yo = y.offset() + from;
          switch (f) {
            case RELU -> relu(to - from, x.data(), xo, y.data(), yo);
            case ELU -> elu(to - from, x.data(), xo, y.data(), yo);
            case SIGMOID -> sigmoid(to - from, x.data(), xo, y.data(), yo);
            case TANH -> tanh(to - from, x.data(), xo, y.data(), yo);
          }
        });
  }

  /** y = max(x, 0) over a run of floats. */
  static void relu(int length, float[] x, int xo, float[] y, int yo) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      FloatVector.fromArray(S, x, xo + i).max(0).intoArray(y, yo + i);
    }
    for (; i < length; i++) {
      y[yo + i] = Math.max(x[xo + i], 0);
    }
  }

  /**
   * Scalar, as are the next two: only ever used on architecture parameters and controllers, and a
   * vector exp need not give the same bits everywhere.
   */
  private static void elu(int length, float[] x, int xo, float[] y, int yo) {
    for (int i = 0; i < length; i++) {
      float v = x[xo + i];
      y[yo + i] = v > 0 ? v : (float) Math.expm1(v);
    }
  }

  private static void sigmoid(int length, float[] x, int xo, float[] y, int yo) {
    for (int i = 0; i < length; i++) {
      y[yo + i] = (float) sigmoid(x[xo + i]);
    }
  }

  private static double sigmoid(float x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static void tanh(int length, float[] x, int xo, float[] y, int yo) {
    for (int i = 0; i < length; i++) {
      y[yo + i] = (float) Math.tanh(x[xo + i]);
    }
  }

  static void unaryGrad(
      Workers workers, Unary f, CpuBuffer x, CpuBuffer dy, CpuBuffer dx, boolean add) {
    workers.ranges(
        dx.size(),
        GRAIN,
        (from, to, worker) -> {
          int xo = x.offset() + from;
          int go = dy.offset() + from;
          int dxo = dx.offset() + from;
          switch (f) {
            case RELU -> reluGrad(to - from, x.data(), xo, dy.data(), go, dx.data(), dxo, add);
            case ELU -> eluGrad(to - from, x.data(), xo, dy.data(), go, dx.data(), dxo, add);
            case SIGMOID ->
                sigmoidGrad(to - from, x.data(), xo, dy.data(), go, dx.data(), dxo, add);
            case TANH -> tanhGrad(to - from, x.data(), xo, dy.data(), go, dx.data(), dxo, add);
          }
        });
  }

  private static void reluGrad(
      int length, float[] x, int xo, float[] g, int go, float[] dx, int dxo, boolean add) {
    int i = 0;
    if (add) {
      for (int bound = S.loopBound(length); i < bound; i += S.length()) {
        var open = FloatVector.fromArray(S, x, xo + i).compare(VectorOperators.GT, 0);
        var before = FloatVector.fromArray(S, dx, dxo + i);
        before.blend(before.add(FloatVector.fromArray(S, g, go + i)), open).intoArray(dx, dxo + i);
      }
    } else {
      for (int bound = S.loopBound(length); i < bound; i += S.length()) {
        var open = FloatVector.fromArray(S, x, xo + i).compare(VectorOperators.GT, 0);
        FloatVector.zero(S).blend(FloatVector.fromArray(S, g, go + i), open).intoArray(dx, dxo + i);
      }
    }
    for (; i < length; i++) {
      float slope = x[xo + i] > 0 ? g[go + i] : 0;
      dx[dxo + i] = add ? dx[dxo + i] + slope : slope;
    }
  }

  private static void eluGrad(
      int length, float[] x, int xo, float[] g, int go, float[] dx, int dxo, boolean add) {
    for (int i = 0; i < length; i++) {
      float v = x[xo + i];
      float slope = v > 0 ? g[go + i] : (float) Math.exp(v) * g[go + i];
      dx[dxo + i] = add ? dx[dxo + i] + slope : slope;
    }
  }

  private static void sigmoidGrad(
      int length, float[] x, int xo, float[] g, int go, float[] dx, int dxo, boolean add) {
    for (int i = 0; i < length; i++) {
      double y = sigmoid(x[xo + i]);
      float slope = (float) (y * (1 - y)) * g[go + i];
      dx[dxo + i] = add ? dx[dxo + i] + slope : slope;
    }
  }

  private static void tanhGrad(
      int length, float[] x, int xo, float[] g, int go, float[] dx, int dxo, boolean add) {
    for (int i = 0; i < length; i++) {
      double y = Math.tanh(x[xo + i]);
      float slope = (float) (1 - y * y) * g[go + i];
      dx[dxo + i] = add ? dx[dxo + i] + slope : slope;
    }
  }

  static void dropout(
      Workers workers,
      float p,
      int group,
      long seed,
      long stream,
      CpuBuffer x,
      CpuBuffer y,
      boolean add) {
    Rng rng = new Rng(seed, stream);
    workers.ranges(
        y.size(),
        GRAIN,
        (from, to, worker) -> {
          for (int start = from; start < to; ) {
            int draw = start / group;
            int end = (int) Math.min(to, (draw + 1L) * group);
            float scale = rng.uniform(draw) < p ? 0 : 1 / (1 - p);
            dropped(
                end - start,
                scale,
                x.data(),
                x.offset() + start,
                y.data(),
                y.offset() + start,
                add);
            start = end;
          }
        });
  }

  /** What is dropped is never multiplied: it may be infinite. */
  private static void dropped(
      int length, float scale, float[] x, int xo, float[] y, int yo, boolean add) {
    if (scale == 0) {
      if (!add) {
        Arrays.fill(y, yo, yo + length, 0);
      }
    } else if (add) {
      axpby(length, scale, x, xo, 1, y, yo);
    } else {
      scaled(length, scale, x, xo, y, yo);
    }
  }

  static void copyBlocks(
      Workers workers,
      int blocks,
      int length,
      CpuBuffer src,
      int srcStart,
      int srcStride,
      CpuBuffer dst,
      int dstStart,
      int dstStride,
      boolean add) {
    int so = src.offset() + srcStart;
    int to = dst.offset() + dstStart;
    if (length > GRAIN) { // few long blocks: share out each
      for (int b = 0; b < blocks; b++) {
        int s = so + b * srcStride;
        int t = to + b * dstStride;
        workers.ranges(
            length,
            GRAIN,
            (from, end, worker) ->
                copy(end - from, src.data(), s + from, dst.data(), t + from, add));
      }
    } else if (length > 0) {
      workers.ranges(
          blocks,
          GRAIN / length,
          (from, end, worker) -> {
            for (int b = from; b < end; b++) {
              copy(length, src.data(), so + b * srcStride, dst.data(), to + b * dstStride, add);
            }
          });
    }
  }

  /** y (+)= x. */
  static void copy(int length, float[] x, int xo, float[] y, int yo, boolean add) {
    if (!add) {
      System.arraycopy(x, xo, y, yo, length);
      return;
    }
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      FloatVector.fromArray(S, y, yo + i)
          .add(FloatVector.fromArray(S, x, xo + i))
          .intoArray(y, yo + i);
    }
    for (; i < length; i++) {
      y[yo + i] += x[xo + i];
    }
  }
}
