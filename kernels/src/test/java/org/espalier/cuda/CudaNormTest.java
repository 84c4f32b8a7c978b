package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Upstream;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnCuda.class)
class CudaNormTest {
  private static final int[] ROWS = {1, 5, 1201};
  private static final boolean[] BOTH = {false, true};

  @Test
  void momentsAreTheOracles(CudaBackend cuda) {
    for (int c : KernelSample.CHANNELS) {
      for (int rows : ROWS) {
        KernelSample.check(
            cuda,
            "moments of " + rows + " x " + c,
            1e-6,
            (backend, sample) ->
                backend.moments(rows, c, sample.normal(rows * c), sample.normal(2 * c)));
      }
    }
  }

  /** E[x^2] - E[x]^2 in floats would leave nothing of the variance here. */
  @Test
  void theVarianceSurvivesAMeanFarFromZero(CudaBackend cuda) {
    float[] wanted = varianceAt5000(new EjmlBackend());
    float[] got = varianceAt5000(cuda);
    for (int i = 0; i < wanted.length; i++) {
      assertThat(got[i]).isCloseTo(wanted[i], within(1e-6f * wanted[i]));
    }
  }

  private static float[] varianceAt5000(Backend backend) {
    int rows = 40_000;
    int c = 3;
    Rng rng = Rng.of(3);
    float[] values = new float[rows * c];
    for (int i = 0; i < values.length; i++) {
      values[i] = 5000 + 0.5f * rng.normal(i);
    }
    Buffer x = backend.allocate(values.length);
    backend.write(values, x);
    Buffer moments = backend.allocate(2 * c);
    backend.moments(rows, c, x, moments);
    float[] result = new float[2 * c];
    backend.read(moments, result);
    return result;
  }

  @Test
  void anOutlierInTheFirstRowDoesNoHarm(CudaBackend cuda) {
    KernelSample.check(
        cuda,
        "outlier",
        1e-6,
        (backend, sample) -> {
          Buffer x = sample.normal(3000 * 8);
          backend.fill(x.slice(0, 1), 1e4f);
          backend.moments(3000, 8, x, sample.normal(16));
        });
  }

  @Test
  void normalizeTakesOffMeanAndDeviation(CudaBackend cuda) {
    for (int c : KernelSample.CHANNELS) {
      for (int rows : ROWS) {
        for (boolean affine : BOTH) {
          KernelSample.check(
              cuda,
              "normalize " + rows + " x " + c,
              1e-6,
              (backend, sample) ->
                  backend.normalize(
                      rows,
                      c,
                      sample.normal(rows * c),
                      sample.moments(c),
                      1e-5f,
                      affine ? sample.normal(c) : null,
                      affine ? sample.normal(c) : null,
                      sample.normal(rows * c)));
        }
      }
    }
  }

  @Test
  void theGradientOfNormalizeIsTheOraclesForBatchAndFixedMoments(CudaBackend cuda) {
    for (int c : KernelSample.CHANNELS) {
      for (int rows : ROWS) {
        for (boolean batch : BOTH) {
          for (boolean add : BOTH) {
            checkGradient(cuda, rows, c, batch, add, true);
          }
          checkGradient(cuda, rows, c, batch, false, false);
        }
      }
    }
  }

  /** The rule, and what it makes of x and dy. */
  private static void checkGradient(
      CudaBackend cuda, int rows, int c, boolean batch, boolean add, boolean affine) {
    KernelSample.check(
        cuda,
        "normalize gradient " + rows + " x " + c + " batch " + batch + " add " + add,
        5e-6,
        (backend, sample) -> {
          Buffer x = sample.normal(rows * c);
          Buffer moments = sample.moments(c);
          Buffer dy = sample.normal(rows * c);
          Buffer rule = sample.normal(4 * c);
          Buffer gamma = affine ? sample.normal(c) : null;
          Buffer dgamma = affine ? sample.normal(c) : null;
          Buffer dbeta = affine ? sample.normal(c) : null;
          backend.normalizeGrad(rows, c, x, moments, 1e-5f, batch, gamma, dy, rule, dgamma, dbeta);
          backend.gradient(rows, c, new Upstream(dy, rule), x, sample.normal(rows * c), add);
          backend.gradient(rows, c, new Upstream(dy, null), x, sample.normal(rows * c), add);
        });
  }

  @Test
  void theGradientKeepsItsDigitsWhenTheMeanIsLarge(CudaBackend cuda) {
    KernelSample.check(
        cuda,
        "gradient at mean 1000",
        2e-6,
        (backend, sample) -> {
          Buffer x = sample.normal(2000 * 16, 1000, 1);
          Buffer moments = sample.normal(32);
          backend.moments(2000, 16, x, moments);
          Buffer dy = sample.normal(2000 * 16);
          Buffer rule = sample.normal(64);
          backend.normalizeGrad(2000, 16, x, moments, 1e-5f, true, null, dy, rule, null, null);
          backend.gradient(2000, 16, new Upstream(dy, rule), x, sample.normal(2000 * 16), false);
        });
  }
}
