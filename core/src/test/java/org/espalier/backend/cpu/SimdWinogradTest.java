package org.espalier.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Upstream;
import org.espalier.tensor.Rng;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How far Winograd's products are off, against sums of products in double precision. Products of
 * floats one after the other are off by 2e-7 to 6e-7 in the root of the mean square.
 */
class SimdWinogradTest {
  private static final double MEAN = 1e-6;
  private static final double LARGEST = 2e-6;

  @ParameterizedTest
  @CsvSource({"2, 32, 16", "3, 16, 32", "16, 8, 64", "32, 7, 32", "4, 14, 16"})
  void errorsAreAFewUnitsOfTheLastPlace(int n, int size, int channels) {
    Conv conv = new Conv(n, size, size, channels, 16, 3, 3, 1, 1, 1, 1);
    assertThat(SimdWinograd.serves(conv)).isTrue();
    try (Backend backend = new SimdBackend(1)) {
      float[] x = normal(n * size * size * channels, 1);
      float[] w = normal(conv.weightSize(), 2);
      float[] g = normal(conv.outSize(), 3);
      Buffer y = backend.allocate(conv.outSize());
      Buffer dx = backend.allocate(x.length);
      Buffer dw = backend.allocate(w.length);
      Upstream upstream = new Upstream(buffer(backend, g), null);
      Fan.Arm arm = new Fan.Arm(conv, buffer(backend, w), y, null, upstream, dw);
      Fan fan = new Fan(false, buffer(backend, x), List.of(arm));
      backend.conv(fan);
      backend.convGrad(fan, dx, false);

      double[] exactY = new double[g.length];
      double[] exactDx = new double[x.length];
      double[] exactDw = new double[w.length];
      direct(conv, x, w, g, exactY, exactDx, exactDw);
      near("result", y, exactY);
      near("gradient of the input", dx, exactDx);
      near("gradient of the weights", dw, exactDw);
    }
  }

  private static void near(String what, Buffer actual, double[] exact) {
    double largest = 0;
    double worst = 0;
    double squares = 0;
    double errors = 0;
    for (int i = 0; i < exact.length; i++) {
      double off = ((CpuBuffer) actual).get(i) - exact[i];
      largest = Math.max(largest, Math.abs(exact[i]));
      worst = Math.max(worst, Math.abs(off));
      squares += exact[i] * exact[i];
      errors += off * off;
    }
    assertThat(Math.sqrt(errors / squares)).as("mean error of the %s", what).isLessThan(MEAN);
    assertThat(worst / largest).as("largest error of the %s", what).isLessThan(LARGEST);
  }

  private static void direct(
      Conv conv, float[] x, float[] w, float[] g, double[] y, double[] dx, double[] dw) {
    int in = conv.in();
    int out = conv.out();
    for (int pixel = 0; pixel < conv.n() * conv.h() * conv.w(); pixel++) {
      int column = pixel % conv.w();
      int row = pixel / conv.w() % conv.h();
      for (int tap = 0; tap < 9; tap++) {
        int down = tap / 3 - 1;
        int right = tap % 3 - 1;
        if (row + down < 0
            || row + down >= conv.h()
            || column + right < 0
            || column + right >= conv.w()) {
          continue;
        }
        int source = (pixel + down * conv.w() + right) * in;
        for (int i = 0; i < in; i++) {
          for (int o = 0; o < out; o++) {
            int weight = (tap * in + i) * out + o;
            y[pixel * out + o] += (double) x[source + i] * w[weight];
            dx[source + i] += (double) g[pixel * out + o] * w[weight];
            dw[weight] += (double) x[source + i] * g[pixel * out + o];
          }
        }
      }
    }
  }

  private static float[] normal(int size, int seed) {
    Rng rng = Rng.of(seed);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = rng.normal(i);
    }
    return values;
  }

  private static Buffer buffer(Backend backend, float[] values) {
    Buffer buffer = backend.allocate(values.length);
    backend.write(values, buffer);
    return buffer;
  }
}
