package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.tensor.Rng;

/**
 * The buffers of one kernel, tried on the oracle and on the GPU. Every buffer is a slice from the
 * middle of a larger one, filled the same for all: aligned for vectors of four, and not. Afterwards
 * the results must agree with the oracle's, be the same bits when computed again with the threads
 * in another order, and nothing beside the slices may have changed.
 */
final class KernelSample {
  /** Channel counts below, at and above a vector and a tile, with and without four as a factor. */
  static final int[] CHANNELS = {1, 3, 5, 8, 16, 17, 24, 48};

  private static final float UNTOUCHED = -7.5f;

  private final Backend backend;
  private final int margin;
  private final List<Buffer> buffers = new ArrayList<>();

  private KernelSample(Backend backend, int margin) {
    this.backend = backend;
    this.margin = margin;
  }

  /** What is tried. It takes its buffers from the sample, always in the same order. */
  interface Trial {
    void run(Backend backend, KernelSample sample);
  }

  private interface Values {
    float at(int i);
  }

  /**
   * Tries the kernel; a result may be off by {@code tolerance} of the largest expected value of its
   * buffer, or of 1, what the inputs are like, where sums happen to cancel.
   */
  static void check(Backend cuda, String what, double tolerance, Trial trial) {
    for (int margin : new int[] {16, 13}) {
      List<float[]> expected = run(trial, new EjmlBackend(), margin);
      List<float[]> actual = run(trial, cuda, margin);
      List<float[]> again = margin % 4 == 0 ? run(trial, cuda, margin) : actual;
      for (int b = 0; b < expected.size(); b++) {
        String buffer = what + ", buffer " + b + ", margin " + margin;
        assertThat(Arrays.equals(again.get(b), actual.get(b)))
            .as(buffer + ": the same bits again")
            .isTrue();
        assertClose(buffer, margin, expected.get(b), actual.get(b), tolerance);
      }
    }
  }

  private static List<float[]> run(Trial trial, Backend backend, int margin) {
    KernelSample sample = new KernelSample(backend, margin);
    trial.run(backend, sample);
    return sample.buffers.stream()
        .map(
            buffer -> {
              float[] values = new float[buffer.size()];
              backend.read(buffer, values);
              return values;
            })
        .toList();
  }

  /** A buffer of normal draws around {@code centre}. */
  Buffer normal(int size, float centre, float deviation) {
    Rng rng = new Rng(11, buffers.size());
    return buffer(size, i -> centre + deviation * rng.normal(i));
  }

  /** A buffer of standard normal draws. */
  Buffer normal(int size) {
    return normal(size, 0, 1);
  }

  /** A buffer of a few values only, so that many are equal. */
  Buffer coarse(int size) {
    Rng rng = new Rng(12, buffers.size());
    return buffer(size, i -> rng.below(i, 4) - 1.5f);
  }

  /** Class indices. */
  Buffer labels(int size, int classes) {
    Rng rng = new Rng(14, buffers.size());
    return buffer(size, i -> rng.below(i, classes));
  }

  /** Means around 0.3 and variances around 1.2 of {@code c} channels. */
  Buffer moments(int c) {
    Rng rng = new Rng(13, buffers.size());
    return buffer(2 * c, i -> (i < c ? 0.3f : 1f) * (0.7f + rng.uniform(i)));
  }

  private Buffer buffer(int size, Values values) {
    float[] all = new float[size + 2 * margin];
    Arrays.fill(all, UNTOUCHED);
    for (int i = 0; i < size; i++) {
      all[margin + i] = values.at(i);
    }
    Buffer buffer = backend.allocate(all.length);
    backend.write(all, buffer);
    buffers.add(buffer);
    return buffer.slice(margin, size);
  }

  private static void assertClose(
      String buffer, int margin, float[] expected, float[] actual, double tolerance) {
    double largest = 1;
    for (int i = margin; i < expected.length - margin; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
    }
    for (int i = 0; i < expected.length; i++) {
      boolean outside = i < margin || i >= expected.length - margin;
      double allowed = outside ? 0 : tolerance * largest;
      if (!(Math.abs(expected[i] - actual[i]) <= allowed)) {
        assertThat(actual[i]).as(buffer + ", element " + (i - margin)).isEqualTo(expected[i]);
      }
    }
  }
}
