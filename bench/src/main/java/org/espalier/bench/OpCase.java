package org.espalier.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.espalier.autograd.Op;
import org.espalier.backend.Pool;
import org.espalier.op.BatchNorm;
import org.espalier.op.Conv2d;
import org.espalier.op.MixedSum;
import org.espalier.op.Pool2d;
import org.espalier.op.Relu;
import org.espalier.op.Scale;
import org.espalier.tensor.Shape;

/** The operations that a supernet's step consists of, on activations [64, 32, 32, C]. */
public enum OpCase {
  /** Dense convolutions. */
  CONV_3X3_C8(conv(3, 8, 1)),
  /** As the first. */
  CONV_3X3_C16(conv(3, 16, 1)),
  /** As the first. */
  CONV_3X3_C32(conv(3, 32, 1)),
  /** As the first. */
  CONV_3X3_C64(conv(3, 64, 1)),
  /** Pointwise convolutions. */
  CONV_1X1_C8(conv(1, 8, 1)),
  /** As the first. */
  CONV_1X1_C16(conv(1, 16, 1)),
  /** As the first. */
  CONV_1X1_C32(conv(1, 32, 1)),
  /** As the first. */
  CONV_1X1_C64(conv(1, 64, 1)),
  /** Depthwise convolutions. */
  DEPTHWISE_3X3_C16(conv(3, 16, 16)),
  /** As the first. */
  DEPTHWISE_5X5_C16(conv(5, 16, 16)),
  /** Pools. */
  AVERAGE_POOL_3X3_C16(new Work(Pool2d.average(3, 1, 1), List.of(activation(16)))),
  /** As the first. */
  MAX_POOL_3X3_C16(new Work(Pool2d.max(3, 1, 1), List.of(activation(16)))),
  /** Batch normalisation; forward, its statistics included. */
  BATCH_NORM_C16(new Work(new BatchNorm(1e-5f, true, false), List.of(activation(16)))),
  /** The last node of a NAS-Bench-201 cell; forward, the statistics included. */
  MIXED_SUM_C16(mixedSum(16)),
  /** The rectifier. */
  RELU_C16(new Work(new Relu(), List.of(activation(16)))),
  /** y = a*x: reads and writes, and hardly computes. */
  SCALE_C16(new Work(new Scale(0.5f), List.of(activation(16))));

  private static final int BATCH = 64;
  private static final int SIDE = 32;

  @SuppressWarnings("ImmutableEnumChecker") // operations and shapes are
  private final Work work;

  OpCase(Work work) {
    this.work = work;
  }

  private record Work(Op op, List<Shape> inputs) {}

  private static Shape activation(int channels) {
    return Shape.of(BATCH, SIDE, SIDE, channels);
  }

  private static Work conv(int k, int channels, int groups) {
    return new Work(
        new Conv2d(1, k / 2, 1, groups),
        List.of(activation(channels), Shape.of(k, k, channels / groups, channels)));
  }

  /** Three edges of two convolutions, which are normalised, a pool and a skip connection each. */
  private static Work mixedSum(int channels) {
    int edges = 3;
    int candidates = 5; // none, which is not computed, is the first
    List<MixedSum.Term> terms = new ArrayList<>();
    for (int edge = 0; edge < edges; edge++) {
      for (int k = 1; k < candidates; k++) {
        terms.add(new MixedSum.Term(edge * candidates + k, k <= 2, true));
      }
    }
    List<Shape> inputs = new ArrayList<>();
    inputs.add(Shape.of(edges, candidates));
    inputs.addAll(Collections.nCopies(terms.size(), activation(channels)));
    return new Work(new MixedSum(List.copyOf(terms), 1e-5f), List.copyOf(inputs));
  }

  Op op() {
    return work.op;
  }

  List<Shape> inputs() {
    return work.inputs;
  }

  Shape output() {
    return work.op.infer(work.inputs.toArray(Shape[]::new));
  }

  /**
   * Floating-point operations of a convolution, a multiply-add counted as two; 0 of all else. The
   * backward pass does the work of the forward pass for the input and again for the weight.
   */
  double flop(boolean backward) {
    if (!(work.op instanceof Conv2d)) {
      return 0;
    }
    Shape weight = work.inputs.getLast();
    double multiplyAdds = (double) output().size() * weight.size() / weight.channels();
    return (backward ? 4 : 2) * multiplyAdds;
  }

  /**
   * Bytes of what must be read or written: forward the inputs and the result; backward the gradient
   * of the result, the gradients of the inputs and, but for a mean or a factor, the inputs.
   */
  double bytes(boolean backward) {
    double inputs = work.inputs.stream().mapToDouble(Shape::size).sum();
    boolean linear =
        work.op instanceof Scale
            || work.op instanceof Pool2d pool && pool.kind() == Pool.Kind.AVERAGE;
    return 4 * (output().size() + (backward && !linear ? 2 : 1) * inputs);
  }
}
