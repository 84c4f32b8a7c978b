package org.espalier.nn;

import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.tensor.Shape;

/** A convolution without bias: a batch normalisation follows it, which would undo one. */
public final class Conv2d implements Module {
  private final org.espalier.op.Conv2d op;
  private final Parameter weight;

  private Conv2d(org.espalier.op.Conv2d op, Parameter weight) {
    this.op = op;
    this.weight = weight;
  }

  /** A k x k convolution whose padding keeps the extent, up to its stride. */
  public static Conv2d same(
      ParameterArena.Namespace in, String name, int channels, int out, int k, int stride) {
    return of(in, name, channels, out, k, new org.espalier.op.Conv2d(stride, k / 2, 1, 1));
  }

  /** A k x k convolution of each channel by itself, extent kept up to its stride. */
  public static Conv2d depthwise(
      ParameterArena.Namespace in, String name, int channels, int k, int stride, int dilation) {
    int pad = dilation * (k / 2);
    return of(
        in,
        name,
        channels,
        channels,
        k,
        new org.espalier.op.Conv2d(stride, pad, dilation, channels));
  }

  /** Any convolution. */
  public static Conv2d of(
      ParameterArena.Namespace in,
      String name,
      int channels,
      int out,
      int k,
      org.espalier.op.Conv2d op) {
    int groupIn = channels / op.groups();
    Shape shape = Shape.of(k, k, groupIn, out);
    return new Conv2d(op, in.parameter(name, shape, Init.uniform(k * k * groupIn)));
  }

  /** The same weight applied to max(x, 0). */
  public Conv2d rectified() {
    return new Conv2d(op.withRelu(true), weight);
  }

  @Override
  public Tensor forward(Tape tape, Tensor x) {
    return tape.apply(op, x, weight.tensor());
  }
}
