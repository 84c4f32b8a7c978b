package org.espalier.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.espalier.backend.Backend;
import org.espalier.backend.Upstream;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;

class SimdNormTest {
  private static final int[] ROWS = {1, 5, 3001};
  private static final boolean[] BOTH = {false, true};

  @Test
  void momentsAreTheOracles() {
    for (int c : SimdSample.CHANNELS) {
      for (int rows : ROWS) {
        SimdSample.check(
            "moments of " + rows + " x " + c,
            1e-6,
            (backend, sample) ->
                backend.moments(rows, c, sample.normal(rows * c), sample.normal(2 * c)));
      }
    }
  }

  /** E[x^2] - E[x]^2 in floats would leave nothing of the variance here. */
  @Test
  void theVarianceSurvivesAMeanFarFromZero() {
    int rows = 40_000;
    int c = 3;
    Rng rng = Rng.of(3);
    float[] values = new float[rows * c];
    for (int i = 0; i < values.length; i++) {
      values[i] = 5000 + 0.5f * rng.normal(i);
    }
    CpuBuffer x = new CpuBuffer(values, 0, values.length);
    CpuBuffer expected = new CpuBuffer(new float[2 * c], 0, 2 * c);
    CpuBuffer actual = new CpuBuffer(new float[2 * c], 0, 2 * c);
    CpuBackends.ejml().moments(rows, c, x, expected);
    try (Backend simd = CpuBackends.simd(2)) {
      simd.moments(rows, c, x, actual);
    }
    for (int i = 0; i < 2 * c; i++) {
      assertThat(actual.get(i)).isCloseTo(expected.get(i), within(1e-6f * expected.get(i)));
    }
  }

  @Test
  void anOutlierInTheFirstRowDoesNoHarm() {
    SimdSample.check(
        "outlier",
        1e-6,
        (backend, sample) -> {
          CpuBuffer x = sample.normal(3000 * 8);
          x.set(0, 1e4f);
          backend.moments(3000, 8, x, sample.normal(16));
        });
  }

  @Test
  void normalizeTakesOffMeanAndDeviation() {
    for (int c : SimdSample.CHANNELS) {
      for (int rows : ROWS) {
        for (boolean affine : BOTH) {
          SimdSample.check(
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
  void theGradientOfNormalizeIsTheOraclesForBatchAndFixedMoments() {
    for (int c : SimdSample.CHANNELS) {
      for (int rows : ROWS) {
        for (boolean batch : BOTH) {
          for (boolean add : BOTH) {
            checkGradient(rows, c, batch, add, true);
          }
          checkGradient(rows, c, batch, false, false);
        }
      }
    }
  }

  /** The rule, and what it makes of x and dy. */
  private static void checkGradient(int rows, int c, boolean batch, boolean add, boolean affine) {
    SimdSample.check(
        "normalize gradient " + rows + " x " + c + " batch " + batch + " add " + add,
        5e-6,
        (backend, sample) -> {
          CpuBuffer x = sample.normal(rows * c);
          CpuBuffer moments = sample.moments(c);
          CpuBuffer dy = sample.normal(rows * c);
          CpuBuffer rule = sample.normal(4 * c);
          CpuBuffer gamma = affine ? sample.normal(c) : null;
          CpuBuffer dgamma = affine ? sample.normal(c) : null;
          CpuBuffer dbeta = affine ? sample.normal(c) : null;
          backend.normalizeGrad(rows, c, x, moments, 1e-5f, batch, gamma, dy, rule, dgamma, dbeta);
          backend.gradient(rows, c, new Upstream(dy, rule), x, sample.normal(rows * c), add);
          backend.gradient(rows, c, new Upstream(dy, null), x, sample.normal(rows * c), add);
        });
  }

  @Test
  void theGradientKeepsItsDigitsWhenTheMeanIsLarge() {
    SimdSample.check(
        "gradient at mean 1000",
        2e-6,
        (backend, sample) -> {
          CpuBuffer x = sample.normal(2000 * 16, 1000, 1);
          CpuBuffer moments = sample.normal(32);
          CpuBackends.ejml().moments(2000, 16, x, moments);
          CpuBuffer dy = sample.normal(2000 * 16);
          CpuBuffer rule = sample.normal(64);
          backend.normalizeGrad(2000, 16, x, moments, 1e-5f, true, null, dy, rule, null, null);
          backend.gradient(2000, 16, new Upstream(dy, rule), x, sample.normal(2000 * 16), false);
        });
  }
}
