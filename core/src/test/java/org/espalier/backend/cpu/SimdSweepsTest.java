package org.espalier.backend.cpu;

import org.junit.jupiter.api.Test;

class SimdSweepsTest {
  private static final int[] SIZES = {1, 15, 1000, 70_001};

  @Test
  void theNormIsTheOracles() {
    for (int size : SIZES) {
      SimdSample.check(
          "norm " + size,
          1e-6,
          (backend, sample) -> backend.norm(sample.normal(size), sample.normal(1)));
    }
  }

  @Test
  void clippingScalesWhatIsTooLongAndLeavesTheRest() {
    for (float max : new float[] {5, 5000}) {
      SimdSample.check(
          "clip to " + max,
          1e-6,
          (backend, sample) -> {
            CpuBuffer x = sample.normal(70_001);
            CpuBuffer norm = sample.normal(1);
            backend.norm(x, norm);
            backend.clip(x, norm, max);
          });
    }
  }

  @Test
  void sgdIsExactlyTheOracles() {
    for (int size : SIZES) {
      for (boolean nesterov : new boolean[] {false, true}) {
        SimdSample.check(
            "sgd " + size,
            0,
            (backend, sample) ->
                backend.sgd(
                    sample.normal(size),
                    sample.normal(size),
                    sample.normal(size),
                    0.025f,
                    0.9f,
                    3e-4f,
                    nesterov));
      }
    }
  }

  @Test
  void adamIsTheOracles() {
    for (int size : SIZES) {
      for (int step : new int[] {1, 2, 1000}) {
        for (float decay : new float[] {0, 1e-3f}) {
          SimdSample.check(
              "adam " + size + " step " + step,
              1e-6,
              (backend, sample) ->
                  backend.adam(
                      sample.normal(size),
                      sample.normal(size),
                      sample.normal(size),
                      sample.normal(size, 5, 0.5f),
                      3e-4f,
                      0.5f,
                      0.999f,
                      1e-8f,
                      decay,
                      step));
        }
      }
    }
  }
}
