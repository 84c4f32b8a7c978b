package org.espalier.backend.cpu;

import org.espalier.backend.Buffer;
import org.espalier.backend.Upstream;
import org.jspecify.annotations.Nullable;

/** Batch normalisation (Ioffe and Szegedy 2015), channel by channel. */
final class NormLoops {
  private NormLoops() {}

  static void moments(int rows, int c, CpuBuffer x, CpuBuffer moments) {
    for (int channel = 0; channel < c; channel++) {
      double sum = 0;
      for (int r = 0; r < rows; r++) {
        sum += x.get(r * c + channel);
      }
      double mean = sum / rows;
      double squares = 0;
      for (int r = 0; r < rows; r++) {
        double d = x.get(r * c + channel) - mean;
        squares += d * d;
      }
      moments.set(channel, (float) mean);
      moments.set(c + channel, (float) (squares / rows));
    }
  }

  static void normalize(
      int rows,
      int c,
      Buffer x,
      Buffer moments,
      float eps,
      @Nullable Buffer gamma,
      @Nullable Buffer beta,
      Buffer y) {
    CpuBuffer source = CpuBuffer.of(x);
    CpuBuffer target = CpuBuffer.of(y);
    for (int channel = 0; channel < c; channel++) {
      float mean = CpuBuffer.of(moments).get(channel);
      double scale = inverseDeviation(moments, c, channel, eps) * orElse(gamma, channel, 1);
      float shift = orElse(beta, channel, 0);
      for (int r = 0; r < rows; r++) {
        int i = r * c + channel;
        target.set(i, (float) ((source.get(i) - mean) * scale + shift));
      }
    }
  }

  static void normalizeGrad(
      int rows,
      int c,
      Buffer x,
      Buffer moments,
      float eps,
      boolean batch,
      @Nullable Buffer gamma,
      Buffer dy,
      Buffer coefficients,
      @Nullable Buffer dgamma,
      @Nullable Buffer dbeta) {
    CpuBuffer source = CpuBuffer.of(x);
    CpuBuffer upstream = CpuBuffer.of(dy);
    for (int channel = 0; channel < c; channel++) {
      float mean = CpuBuffer.of(moments).get(channel);
      double inverse = inverseDeviation(moments, c, channel, eps);
      double sumG = 0;
      double sumGx = 0;
      for (int r = 0; r < rows; r++) {
        int i = r * c + channel;
        sumG += upstream.get(i);
        sumGx += upstream.get(i) * (source.get(i) - mean) * inverse;
      }
      if (dgamma != null) {
        CpuBuffer.of(dgamma).put(channel, (float) sumGx, true);
      }
      if (dbeta != null) {
        CpuBuffer.of(dbeta).put(channel, (float) sumG, true);
      }
      double scale = inverse * orElse(gamma, channel, 1);
      double rule = batch ? scale / rows : 0;
      coefficients(coefficients, c, channel, mean, scale, -rule * inverse * sumGx, -rule * sumG);
    }
  }

  /** Writes one channel's coefficients of an {@link Upstream}. */
  static void coefficients(
      Buffer to, int c, int channel, double mean, double scale, double slope, double shift) {
    CpuBuffer coefficients = CpuBuffer.of(to);
    coefficients.set(channel, (float) mean);
    coefficients.set(c + channel, (float) scale);
    coefficients.set(2 * c + channel, (float) slope);
    coefficients.set(3 * c + channel, (float) shift);
  }

  static void gradient(int rows, int c, Upstream upstream, Buffer x, Buffer dx, boolean add) {
    CpuBuffer g = CpuBuffer.of(upstream.g());
    Buffer rule = upstream.coefficients();
    for (int i = 0; i < rows * c; i++) {
      int channel = i % c;
      float value = g.get(i);
      if (rule != null) {
        CpuBuffer by = CpuBuffer.of(rule);
        value =
            by.get(c + channel) * value
                + by.get(2 * c + channel) * (CpuBuffer.of(x).get(i) - by.get(channel))
                + by.get(3 * c + channel);
      }
      CpuBuffer.of(dx).put(i, value, add);
    }
  }

  static double inverseDeviation(Buffer moments, int c, int channel, float eps) {
    return 1 / Math.sqrt((double) CpuBuffer.of(moments).get(c + channel) + eps);
  }

  private static float orElse(@Nullable Buffer values, int i, float otherwise) {
    return values == null ? otherwise : CpuBuffer.of(values).get(i);
  }
}
