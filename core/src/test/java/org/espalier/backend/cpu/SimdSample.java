package org.espalier.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.tensor.Rng;

/**
 * The buffers of one kernel, tried on the oracle and on the fast back end with one thread and with
 * three. Every buffer is a slice from the middle of a larger array, filled the same for all.
 * Afterwards the results must agree with the oracle's, be the same bits for both numbers of
 * threads, and nothing beside the slices may have changed.
 */
final class SimdSample {
  /** Channel counts below, at and above the vector length, and such as share no factor with it. */
  static final int[] CHANNELS = {1, 3, 7, 8, 12, 16, 17, 48};

  /** Odd, so that slices are not aligned. */
  private static final int MARGIN = 13;

  private static final float UNTOUCHED = -7.5f;

  private final List<float[]> arrays = new ArrayList<>();

  private SimdSample() {}

  /** What is tried. It takes its buffers from the sample, always in the same order. */
  interface Kernel {
    void run(Backend backend, SimdSample sample);
  }

  private interface Values {
    float at(int i);
  }

  /**
   * Tries the kernel; a result may be off by {@code tolerance} of the largest expected value of its
   * buffer, or of 1, what the inputs are like, where sums happen to cancel.
   */
  static void check(String what, double tolerance, Kernel kernel) {
    try (Backend one = CpuBackends.simd(1);
        Backend three = CpuBackends.simd(3)) {
      List<float[]> expected = run(kernel, CpuBackends.ejml());
      List<float[]> actual = run(kernel, one);
      List<float[]> shared = run(kernel, three);
      for (int b = 0; b < expected.size(); b++) {
        String buffer = what + ", buffer " + b;
        assertThat(Arrays.equals(shared.get(b), actual.get(b)))
            .as(buffer + ": the same for any threads")
            .isTrue();
        assertClose(buffer, expected.get(b), actual.get(b), tolerance);
      }
    }
  }

  private static List<float[]> run(Kernel kernel, Backend backend) {
    SimdSample sample = new SimdSample();
    kernel.run(backend, sample);
    return sample.arrays;
  }

  /** A buffer of normal draws around {@code centre}. */
  CpuBuffer normal(int size, float centre, float deviation) {
    Rng rng = new Rng(11, arrays.size());
    return buffer(size, i -> centre + deviation * rng.normal(i));
  }

  /** A buffer of standard normal draws. */
  CpuBuffer normal(int size) {
    return normal(size, 0, 1);
  }

  /** A buffer of a few values only, so that many are equal. */
  CpuBuffer coarse(int size) {
    Rng rng = new Rng(12, arrays.size());
    return buffer(size, i -> rng.below(i, 4) - 1.5f);
  }

  /** Means around 0.3 and variances around 1.2 of {@code c} channels. */
  CpuBuffer moments(int c) {
    Rng rng = new Rng(13, arrays.size());
    return buffer(2 * c, i -> (i < c ? 0.3f : 1f) * (0.7f + rng.uniform(i)));
  }

  private CpuBuffer buffer(int size, Values values) {
    float[] array = new float[size + 2 * MARGIN];
    Arrays.fill(array, UNTOUCHED);
    for (int i = 0; i < size; i++) {
      array[MARGIN + i] = values.at(i);
    }
    arrays.add(array);
    return new CpuBuffer(array, MARGIN, size);
  }

  private static void assertClose(
      String buffer, float[] expected, float[] actual, double tolerance) {
    double largest = 1;
    for (int i = MARGIN; i < expected.length - MARGIN; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
    }
    for (int i = 0; i < expected.length; i++) {
      boolean outside = i < MARGIN || i >= expected.length - MARGIN;
      double allowed = outside ? 0 : tolerance * largest;
      if (!(Math.abs(expected[i] - actual[i]) <= allowed)) {
        assertThat(actual[i]).as(buffer + ", element " + (i - MARGIN)).isEqualTo(expected[i]);
      }
    }
  }
}
