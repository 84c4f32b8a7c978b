package org.espalier.backend.cpu;

import org.espalier.backend.Unary;
import org.junit.jupiter.api.Test;

class SimdElementwiseTest {
  /** Below a vector, around one, and more than a chunk. */
  private static final int[] SIZES = {1, 7, 16, 33, 1000, 16 * 1024, 40_001};

  private static final boolean[] ADD = {false, true};

  @Test
  void fillWritesTheValue() {
    for (int size : SIZES) {
      SimdSample.check(
          "fill " + size, 0, (backend, sample) -> backend.fill(sample.normal(size), 2.5f));
    }
  }

  @Test
  void axpbyIsExactlyTheOracles() {
    for (int size : SIZES) {
      for (float b : new float[] {0, 1, -0.3f}) {
        SimdSample.check(
            "axpby " + size,
            0,
            (backend, sample) -> backend.axpby(0.7f, sample.normal(size), b, sample.normal(size)));
      }
    }
  }

  @Test
  void axpbyWithoutItsTargetIgnoresWhatStoodThere() {
    SimdSample.check(
        "axpby over NaN",
        0,
        (backend, sample) -> {
          CpuBuffer y = sample.normal(100);
          backend.fill(y, Float.NaN);
          backend.axpby(2, sample.normal(100), 0, y);
        });
  }

  @Test
  void multiplyWritesOrAdds() {
    for (int size : SIZES) {
      for (boolean add : ADD) {
        SimdSample.check(
            "multiply " + size,
            1e-6,
            (backend, sample) ->
                backend.multiply(
                    sample.normal(size), sample.normal(size), sample.normal(size), add));
      }
    }
  }

  @Test
  void unaryFunctionsAndTheirGradientsAreTheOracles() {
    for (int size : SIZES) {
      for (Unary f : Unary.values()) {
        SimdSample.check(
            f + " " + size,
            1e-6,
            (backend, sample) -> backend.unary(f, sample.coarse(size), sample.normal(size)));
        for (boolean add : ADD) {
          SimdSample.check(
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
  void dropoutDrawsTheSameElementsAndSamples() {
    for (int group : new int[] {1, 10, 20_000}) {
      for (boolean add : ADD) {
        SimdSample.check(
            "dropout by " + group,
            1e-6,
            (backend, sample) ->
                backend.dropout(
                    0.4f, group, 5, 6, sample.normal(60_000), sample.normal(60_000), add));
      }
    }
  }

  @Test
  void blocksOfAnyLengthAreCopiedOrAdded() {
    for (int length : new int[] {1, 3, 8, 17, 64, 20_000}) {
      for (boolean add : ADD) {
        int blocks = 70_000 / length;
        SimdSample.check(
            "blocks of " + length,
            0,
            (backend, sample) -> {
              CpuBuffer source = sample.normal(blocks * (length + 2));
              CpuBuffer target = sample.normal(blocks * (length + 3));
              backend.copyBlocks(blocks, length, source, 1, length + 2, target, 2, length + 3, add);
            });
      }
    }
  }
}
