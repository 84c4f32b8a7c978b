package org.espalier.check;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.tensor.Rng;

/**
 * The buffers of one kernel, its results among them. Every one is a slice from the middle of a
 * larger one, filled the same on all back ends.
 */
final class KernelInputs {
  /** Channel counts below, at and above vectors and tiles, with and without a common factor. */
  static final int[] CHANNELS = {1, 3, 5, 7, 8, 12, 16, 17, 24, 48};

  private static final float UNTOUCHED = -7.5f;

  private final Backend backend;
  private final int margin;
  private final List<float[]> drawn;
  private final List<Buffer> buffers = new ArrayList<>();

  /**
   * No buffers yet.
   *
   * @param drawn the values of them all, shared by the runs of a kernel: the first one draws them
   */
  KernelInputs(Backend backend, int margin, List<float[]> drawn) {
    this.backend = backend;
    this.margin = margin;
    this.drawn = drawn;
  }

  private interface Values {
    float at(int i);
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

  /** Means around 0.3 and variances around 1.2 of {@code c} channels. */
  Buffer moments(int c) {
    Rng rng = new Rng(13, buffers.size());
    return buffer(2 * c, i -> (i < c ? 0.3f : 1f) * (0.7f + rng.uniform(i)));
  }

  private Buffer buffer(int size, Values values) {
    if (buffers.size() == drawn.size()) {
      float[] fresh = new float[size];
      for (int i = 0; i < size; i++) {
        fresh[i] = values.at(i);
      }
      drawn.add(fresh);
    }
    float[] all = new float[size + 2 * margin];
    Arrays.fill(all, UNTOUCHED);
    System.arraycopy(drawn.get(buffers.size()), 0, all, margin, size);
    Buffer buffer = backend.allocate(all.length);
    backend.write(all, buffer);
    buffers.add(buffer);
    return buffer.slice(margin, size);
  }

  /** What is in all of them, with their margins. */
  List<float[]> read() {
    return buffers.stream()
        .map(
            buffer -> {
              float[] values = new float[buffer.size()];
              backend.read(buffer, values);
              return values;
            })
        .toList();
  }
}
