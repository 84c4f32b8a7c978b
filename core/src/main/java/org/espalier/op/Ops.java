package org.espalier.op;

import java.util.List;
import java.util.stream.Stream;

/** All operations: one line each. */
public final class Ops {
  private static final List<List<Sample>> SAMPLES =
      List.of(
          Add.SAMPLES,
          BatchNorm.SAMPLES,
          Concat.SAMPLES,
          Conv2d.SAMPLES,
          CrossEntropy.SAMPLES,
          Dropout.SAMPLES,
          Elu.SAMPLES,
          GlobalAvgPool.SAMPLES,
          Linear.SAMPLES,
          MixedSum.SAMPLES,
          Mul.SAMPLES,
          OneHot.SAMPLES,
          Pool2d.SAMPLES,
          Relu.SAMPLES,
          Scale.SAMPLES,
          Sigmoid.SAMPLES,
          Slice.SAMPLES,
          Softmax.SAMPLES,
          Tanh.SAMPLES);

  private Ops() {}

  /** Every operation on every input it is tried on. */
  public static Stream<Sample> samples() {
    return SAMPLES.stream().flatMap(List::stream);
  }
}
