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
    int start = image * pixels * channels;
    if (pitch == channels) {
      row(
          sums.data(),
          sums.offset(),
          terms,
          pixels * pitch,
          pixels * channels,
          relu,
          x,
          dx,
          start,
          add);
      return;
    }
    for (int pixel = 0; pixel < pixels; pixel++) {
      int at = start + pixel * channels;
      row(
          sums.data(),
          sums.offset() + pixel * pitch,
          terms,
          pixels * pitch,
          channels,
          relu,
          x,
          dx,
          at,
          add);
    }
  }

  private static void row(
      float[] sums,
      int from,
      int terms,
      int stride,
      int length,
      boolean relu,
      CpuBuffer x,
      CpuBuffer dx,
      int at,
      boolean add) {
    float[] xs = x.data();
    float[] to = dx.data();
    int xo = x.offset() + at;
    int yo = dx.offset() + at;
    for (int i = 0; i < length; i += S.length()) {
      VectorMask<Float> mask = S.indexInRange(i, length);
      FloatVector sum = FloatVector.fromArray(S, sums, from + i, mask);
      for (int term = 1; term < terms; term++) {
        sum = sum.add(FloatVector.fromArray(S, sums, from + term * stride + i, mask));
      }
      if (relu) {
        FloatVector value = FloatVector.fromArray(S, xs, xo + i, mask);
        sum = FloatVector.zero(S).blend(sum, value.compare(VectorOperators.GT, 0));
      }
      if (add) {
        sum = sum.add(FloatVector.fromArray(S, to, yo + i, mask));
      }
      sum.intoArray(to, yo + i, mask);
    }
  }
}
