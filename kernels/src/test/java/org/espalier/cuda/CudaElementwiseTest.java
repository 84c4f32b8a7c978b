package org.espalier.cuda;

import org.espalier.backend.Buffer;
import org.espalier.backend.Unary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnCuda.class)
class CudaElementwiseTest {
  /** Below a vector, around one, and more than a chunk. */
  private static final int[] SIZES = {1, 7, 16, 33, 1000, 5003};

  private static final boolean[] ADD = {false, true};

  @Test
  void fillWritesTheValue(CudaBackend cuda) {
    for (int size : SIZES) {
      KernelSample.check(
          cuda, "fill " + size, 0, (backend, sample) -> backend.fill(sample.normal(size), 2.5f));
    }
  }

  @Test
  void axpbyIsTheOracles(CudaBackend cuda) {
    for (int size : SIZES) {
      for (float b : new float[] {0, 1, -0.3f}) {
        KernelSample.check(
            cuda,
            "axpby " + size,
            1e-6,
            (backend, sample) -> backend.axpby(0.7f, sample.normal(size), b, sample.normal(size)));
      }
    }
  }

  @Test
  void axpbyWithoutItsTargetIgnoresWhatStoodThere(CudaBackend cuda) {
    KernelSample.check(
        cuda,
        "axpby over NaN",
        0,
        (backend, sample) -> {
          Buffer y = sample.normal(100);
          backend.fill(y, Float.NaN);
          backend.axpby(2, sample.normal(100), 0, y);
        });
  }

  @Test
  void multiplyWritesOrAdds(CudaBackend cuda) {
    for (int size : SIZES) {
      for (boolean add : ADD) {
        KernelSample.check(
            cuda,
            "multiply " + size,
            1e-6,
            (backend, sample) ->
                backend.multiply(
                    sample.normal(size), sample.normal(size), sample.normal(size), add));
      }
    }
  }

  @Test
  void unaryFunctionsAndTheirGradientsAreTheOracles(CudaBackend cuda) {
    for (int size : SIZES) {
      for (Unary f : Unary.values()) {
        KernelSample.check(
            cuda,
            f + " " + size,
            1e-6,
            (backend, sample) -> backend.unary(f, sample.coarse(size), sample.normal(size)));
        for (boolean add : ADD) {
          KernelSample.check(
              cuda,
              f + " gradient " + size,
              1e-6,
              (backend, sample) ->
                  backend.unaryGrad(
                      f, sample.coarse(size), sample.normal(size), sample.normal(size), add));
        }
      }
    }
  }

  @Test
  void dropoutDrawsTheSameElementsAndSamples(CudaBackend cuda) {
    for (int group : new int[] {1, 10, 4000}) {
      for (boolean add : ADD) {
        KernelSample.check(
            cuda,
            "dropout by " + group,
            1e-6,
            (backend, sample) ->
                backend.dropout(
                    0.4f, group, 5, 6, sample.normal(12_000), sample.normal(12_000), add));
      }
    }
  }

  @Test
  void blocksOfAnyLengthAreCopiedOrAdded(CudaBackend cuda) {
    for (int length : new int[] {1, 3, 8, 17, 64, 4000}) {
      for (boolean add : ADD) {
        int blocks = 9000 / length;
        KernelSample.check(
            cuda,
            "blocks of " + length,
            0,
            (backend, sample) -> {
              Buffer source = sample.normal(blocks * (length + 2));
              Buffer target = sample.normal(blocks * (length + 3));
              backend.copyBlocks(blocks, length, source, 1, length + 2, target, 2, length + 3, add);
            });
      }
    }
  }
}
