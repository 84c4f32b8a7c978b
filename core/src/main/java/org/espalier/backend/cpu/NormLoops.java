package org.espalier.backend.cpu;

import org.espalier.backend.Buffer;
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
      @Nullable Buffer dx,
      boolean add,
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
      if (dx != null) {
        double scale = inverse * orElse(gamma, channel, 1);
        for (int r = 0; r < rows; r++) {
          int i = r * c + channel;
          double hat = (source.get(i) - mean) * inverse;
          double centred =
              batch ? upstream.get(i) - sumG / rows - hat * sumGx / rows : upstream.get(i);
          CpuBuffer.of(dx).put(i, (float) (scale * centred), add);
        }
      }
    }
  }

  static double inverseDeviation(Buffer moments, int c, int channel, float eps) {
    return 1 / Math.sqrt((double) CpuBuffer.of(moments).get(c + channel) + eps);
  }

  private static float orElse(@Nullable Buffer values, int i, float otherwise) {
    return values == null ? otherwise : CpuBuffer.of(values).get(i);
  }
}
