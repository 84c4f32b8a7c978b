package org.espalier.cuda;

import org.espalier.backend.Buffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnCuda.class)
class CudaSweepsTest {
  private static final int[] SIZES = {1, 15, 1000, 9001};

  @Test
  void theNormIsTheOracles(CudaBackend cuda) {
    for (int size : SIZES) {
      KernelSample.check(
          cuda,
          "norm " + size,
          1e-6,
          (backend, sample) -> backend.norm(sample.normal(size), sample.normal(1)));
    }
  }

  @Test
  void clippingScalesWhatIsTooLongAndLeavesTheRest(CudaBackend cuda) {
    for (float max : new float[] {5, 5000}) {
      KernelSample.check(
          cuda,
          "clip to " + max,
          1e-6,
          (backend, sample) -> {
            Buffer x = sample.normal(9001);
            Buffer norm = sample.normal(1);
            backend.norm(x, norm);
            backend.clip(x, norm, max);
          });
    }
  }

  @Test
  void sgdIsTheOracles(CudaBackend cuda) {
    for (int size : SIZES) {
      for (boolean nesterov : new boolean[] {false, true}) {
        KernelSample.check(
            cuda,
            "sgd " + size,
            1e-6,
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
  void adamIsTheOracles(CudaBackend cuda) {
    for (int size : SIZES) {
      for (int step : new int[] {1, 2, 1000}) {
        for (float decay : new float[] {0, 1e-3f}) {
          KernelSample.check(
              cuda,
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
