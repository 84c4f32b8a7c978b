package org.espalier.candidate;

import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.Conv2d;
import org.espalier.nn.Module;
import org.espalier.nn.ParameterArena;

/** ReLU, k x k convolution, batch normalisation. */
public record ReluConvBn(int k) implements CandidateOp {
  @Override
  public String name() {
    return "nor_conv_" + k + "x" + k;
  }

  @Override
  public String description() {
    return "ReLU, " + k + "x" + k + " convolution, batch norm";
  }

  @Override
  public Branch build(
      ParameterArena.Namespace in, int channels, int stride, BatchNorm2d.Policy norm) {
    return of(in, channels, channels, k, stride, norm);
  }

  /** The same between different numbers of channels, as the fixed parts of networks use it. */
  public static Branch of(
      ParameterArena.Namespace in,
      int channels,
      int out,
      int k,
      int stride,
      BatchNorm2d.Policy norm) {
    Module conv = Conv2d.same(in, "conv.weight", channels, out, k, stride).rectified();
    return new Branch(conv, new BatchNorm2d(in, "bn", out, norm));
  }
}
