package org.espalier.backend.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.espalier.backend.Upstream;

/**
 * An image {@code [h, w, c]} within a border of zeros, so that kernels need not ask where it ends.
 * What is done to every value on the way (ReLU, the rule of a gradient) is done as it is copied.
 */
record SimdFrame(int h, int w, int c, int top, int left, int framedH, int framedW) {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  /** Whether there is no border: the image serves as it lies. */
  boolean bare() {
    return framedH == h && framedW == w;
  }

  /** Floats of the framed image. */
  int size() {
    return framedH * framedW * c;
  }

  int imageSize() {
    return h * w * c;
  }

  /** Floats from one row to the next. */
  int rowSize() {
    return framedW * c;
  }

  /** Where the image's own first value lies. */
  int origin() {
    return top * rowSize() + left * c;
  }

  /** Copies the image at {@code start} of {@code source}, or max(it, 0), and its border. */
  void place(boolean relu, float[] source, int start, float[] target, int at) {
    border(target, at);
    for (int y = 0; y < h; y++) {
      int from = start + y * w * c;
      int to = at + origin() + y * rowSize();
      if (relu) {
        SimdElementwise.relu(w * c, source, from, target, to);
      } else {
        System.arraycopy(source, from, target, to, w * c);
      }
    }
  }

  /** Fills the border with zeros. */
  void border(float[] target, int at) {
    int row = rowSize();
    int before = left * c;
    int after = before + w * c;
    Arrays.fill(target, at, at + top * row, 0);
    for (int y = top; y < top + h; y++) {
      int from = at + y * row;
      Arrays.fill(target, from, from + before, 0);
      Arrays.fill(target, from + after, from + row, 0);
    }
    Arrays.fill(target, at + (top + h) * row, at + framedH * row, 0);
  }

  /**
   * Writes the gradient of {@code x [n, h, w, channels]} for one image into the channels from
   * {@code column} on.
   */
  void gradient(
      Upstream upstream, CpuBuffer x, int image, int channels, CpuBuffer target, int column) {
    CpuBuffer g = CpuBuffer.of(upstream.g());
    int imageStart = image * h * w * channels;
    for (int v = 0; v < channels; v += S.length()) {
      Slice slice = new Slice(v, Math.min(S.length(), channels - v), channels);
      for (int y = 0; y < h; y++) {
        int from = imageStart + y * w * channels + v;
        int to = target.offset() + origin() + y * rowSize() + column + v;
        if (upstream.coefficients() == null) {
          copy(slice, g, from, target.data(), to);
        } else {
          rule(slice, g, x, CpuBuffer.of(upstream.coefficients()), from, target.data(), to);
        }
      }
    }
  }

  /** Up to a vector of channels, from {@code first} on. */
  private record Slice(int first, int length, int channels) {}

  private void copy(Slice slice, CpuBuffer g, int from, float[] target, int to) {
    VectorMask<Float> mask = S.indexInRange(0, slice.length);
    float[] source = g.data();
    int start = g.offset() + from;
    int stride = slice.channels;
    for (int pixel = 0; pixel < w; pixel++) {
      FloatVector.fromArray(S, source, start + pixel * stride, mask)
          .intoArray(target, to + pixel * c, mask);
    }
  }

  private void rule(
      Slice slice, CpuBuffer g, CpuBuffer x, CpuBuffer rule, int from, float[] target, int to) {
    VectorMask<Float> mask = S.indexInRange(0, slice.length);
    int stride = slice.channels;
    int at = rule.offset() + slice.first;
    FloatVector mean = FloatVector.fromArray(S, rule.data(), at, mask);
    FloatVector scale = FloatVector.fromArray(S, rule.data(), at + stride, mask);
    FloatVector slope = FloatVector.fromArray(S, rule.data(), at + 2 * stride, mask);
    FloatVector shift = FloatVector.fromArray(S, rule.data(), at + 3 * stride, mask);
    float[] gs = g.data();
    float[] xs = x.data();
    int gAt = g.offset() + from;
    int xAt = x.offset() + from;
    for (int pixel = 0; pixel < w; pixel++) {
      FloatVector centred = FloatVector.fromArray(S, xs, xAt + pixel * stride, mask).sub(mean);
      FloatVector.fromArray(S, gs, gAt + pixel * stride, mask)
          .fma(scale, centred.fma(slope, shift))
          .intoArray(target, to + pixel * c, mask);
    }
  }
}
