package org.espalier.candidate;

import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.Conv2d;
import org.espalier.nn.Module;
import org.espalier.nn.ParameterArena;
import org.espalier.op.Concat;

/**
 * Halves the extent without dropping pixels: ReLU, then two 1x1 convolutions of stride 2 to half of
 * the channels each, the first of the pixels (2y, 2x), the second of (2y+1, 2x+1), concatenated and
 * normalised (DARTS, Liu et al. 2019).
 */
public final class FactorizedReduce {
  private FactorizedReduce() {}

  /** Builds it: [N, H, W, channels] -> [N, H/2, W/2, out], for even H, W and out. */
  public static Branch of(
      ParameterArena.Namespace in, int channels, int out, BatchNorm2d.Policy norm) {
    Module here = half(in, "conv1.weight", channels, out - out / 2, 0);
    Module shifted = half(in, "conv2.weight", channels, out / 2, 1);
    return new Branch(
        (tape, x) -> join(tape, x, here, shifted), new BatchNorm2d(in, "bn", out, norm));
  }

  private static Module half(
      ParameterArena.Namespace in, String name, int channels, int out, int shift) {
    var op = new org.espalier.op.Conv2d(true, 2, 0, 1, 1, shift);
    return Conv2d.of(in, name, channels, out, 1, op);
  }

  private static Tensor join(Tape tape, Tensor x, Module here, Module shifted) {
    int h = x.shape().dim(1);
    int w = x.shape().dim(2);
    if (h % 2 != 0 || w % 2 != 0) {
      throw new IllegalArgumentException(
          "factorized reduction: " + x.shape() + " has an odd extent, even ones are wanted");
    }
    return tape.apply(new Concat(3), here.forward(tape, x), shifted.forward(tape, x));
  }
}
