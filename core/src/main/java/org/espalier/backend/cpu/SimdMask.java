package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The last step of a gradient with respect to an input that a ReLU may have come before. */
final class SimdMask {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  private SimdMask() {}

  /**
   * dx (+)= the sum of {@code terms} images in {@code sums [terms, pixels, pitch]}, where x > 0 if
   * there was a ReLU.
   */
  static void deliver(
      CpuBuffer sums,
      int terms,
      int pixels,
      int pitch,
      int channels,
      boolean relu,
      CpuBuffer x,
      CpuBuffer dx,
      int image,
      boolean add) {
    boolean whole = pitch == channels;
    int length = whole ? pixels * channels : channels;
    int lines = whole ? 1 : pixels;
    int start = image * pixels * channels;
    int full = S.loopBound(length);
    VectorMask<Float> all = S.maskAll(true);
    VectorMask<Float> rest = S.indexInRange(full, length);
    int stride = pixels * pitch;
    for (int line = 0; line < lines; line++) {
      int from = sums.offset() + line * pitch;
      int xAt = x.offset() + start + line * channels;
      int to = dx.offset() + start + line * channels;
      for (int i = 0; i < full; i += S.length()) {
        one(sums.data(), from + i, terms, stride, relu, x, xAt + i, dx, to + i, add, all);
      }
      if (full < length) {
        one(sums.data(), from + full, terms, stride, relu, x, xAt + full, dx, to + full, add, rest);
      }
    }
  }

  private static void one(
      float[] sums,
      int from,
      int terms,
      int stride,
      boolean relu,
      CpuBuffer x,
      int xAt,
      CpuBuffer dx,
      int to,
      boolean add,
      VectorMask<Float> mask) {
    FloatVector sum = FloatVector.fromArray(S, sums, from, mask);
    for (int term = 1; term < terms; term++) {
      sum = sum.add(FloatVector.fromArray(S, sums, from + term * stride, mask));
    }
    if (relu) {
      FloatVector value = FloatVector.fromArray(S, x.data(), xAt, mask);
      sum = FloatVector.zero(S).blend(sum, value.compare(VectorOperators.GT, 0));
    }
    if (add) {
      sum = sum.add(FloatVector.fromArray(S, dx.data(), to, mask));
    }
    sum.intoArray(dx.data(), to, mask);
  }
}
