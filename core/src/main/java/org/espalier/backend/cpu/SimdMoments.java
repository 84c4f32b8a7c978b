package org.espalier.backend.cpu;

import java.util.function.IntUnaryOperator;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * Mean and variance of a convolution's result, taken image by image as the result is put in its
 * place, and joined by the rule of Chan, Golub and LeVeque (1979). Sums are of distances from the
 * image's first pixel, so that nothing cancels, however far the mean is from zero.
 */
final class SimdMoments {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  /** Pixels that are summed in floats before the sums go on in doubles. */
  private static final int RUN = 256;

  private SimdMoments() {}

  /**
   * Copies {@code source [pixels, pitch]} to {@code target [pixels, channels]}, if there is one,
   * and leaves the channels' means and, after them, their sums of squares around them.
   */
  static void leave(
      CpuBuffer source,
      int pitch,
      int pixels,
      int channels,
      @Nullable CpuBuffer target,
      double[] parts,
      int at) {
    float[] sums = new float[2 * S.length()];
    for (int v = 0; v < channels; v += S.length()) {
      int lanes = Math.min(S.length(), channels - v);
      for (int i = 0; i < lanes; i++) {
        parts[at + v + i] = 0;
        parts[at + channels + v + i] = 0;
      }
      for (int from = 0; from < pixels; from += RUN) {
        int to = Math.min(pixels, from + RUN);
        run(source, pitch, from, to, channels, v, lanes, target, sums);
        for (int i = 0; i < lanes; i++) {
          parts[at + v + i] += sums[i];
          parts[at + channels + v + i] += sums[S.length() + i];
        }
      }
      for (int i = 0; i < lanes; i++) {
        double off = parts[at + v + i] / pixels;
        parts[at + channels + v + i] -= off * off * pixels;
        parts[at + v + i] = source.data()[source.offset() + v + i] + off;
      }
    }
  }

  private static void run(
      CpuBuffer source,
      int pitch,
      int from,
      int to,
      int channels,
      int v,
      int lanes,
      @Nullable CpuBuffer target,
      float[] sums) {
    VectorMask<Float> mask = S.indexInRange(0, lanes);
    float[] x = source.data();
    float[] y = target == null ? x : target.data();
    int yo = target == null ? 0 : target.offset();
    FloatVector shift = FloatVector.fromArray(S, x, source.offset() + v, mask);
    FloatVector sum = FloatVector.zero(S);
    FloatVector squares = FloatVector.zero(S);
    for (int pixel = from; pixel < to; pixel++) {
      FloatVector value = FloatVector.fromArray(S, x, source.offset() + v + pixel * pitch, mask);
      if (target != null) {
        value.intoArray(y, yo + v + pixel * channels, mask);
      }
      FloatVector off = value.sub(shift);
      sum = sum.add(off);
      squares = off.fma(off, squares);
    }
    sum.intoArray(sums, 0);
    squares.intoArray(sums, S.length());
  }

  /** Copies {@code source [pixels, pitch]} to {@code target [pixels, channels]}. */
  static void copy(CpuBuffer source, int pitch, int pixels, int channels, CpuBuffer target) {
    for (int pixel = 0; pixel < pixels; pixel++) {
      System.arraycopy(
          source.data(),
          source.offset() + pixel * pitch,
          target.data(),
          target.offset() + pixel * channels,
          channels);
    }
  }

  /**
   * Joins what {@code count} parts left, {@code stride} apart: means and, after them, sums of
   * squares around them, of so many rows each.
   */
  static void join(
      double[] parts,
      int from,
      int stride,
      int count,
      IntUnaryOperator rows,
      int c,
      CpuBuffer moments) {
    for (int channel = 0; channel < c; channel++) {
      double mean = 0;
      double squares = 0;
      double n = 0;
      for (int part = 0; part < count; part++) {
        int at = from + part * stride + channel;
        double more = rows.applyAsInt(part);
        double off = parts[at] - mean;
        mean += off * more / (n + more);
        squares += parts[at + c] + off * off * n * more / (n + more);
        n += more;
      }
      moments.set(channel, (float) mean);
      moments.set(c + channel, (float) (squares / n));
    }
  }
}
