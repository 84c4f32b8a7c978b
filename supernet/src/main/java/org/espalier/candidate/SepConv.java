package org.espalier.candidate;

import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.Conv2d;
import org.espalier.nn.Module;
import org.espalier.nn.ParameterArena;

/**
 * Separable convolution, applied twice: (ReLU, depthwise k x k, pointwise, batch norm) x 2 (DARTS).
 */
record SepConv(int k) implements CandidateOp {
  @Override
  public String name() {
    return "sep_conv_" + k + "x" + k;
  }

  @Override
  public String description() {
    return "(ReLU, depthwise " + k + "x" + k + ", pointwise, batch norm) twice";
  }

  @Override
  public Branch build(
      ParameterArena.Namespace in, int channels, int stride, BatchNorm2d.Policy norm) {
    Module first = half(in, 1, channels, stride);
    Module second = new BatchNorm2d(in, "bn1", channels, norm).then(half(in, 2, channels, 1));
    return new Branch(first, second, new BatchNorm2d(in, "bn2", channels, norm));
  }

  private Module half(ParameterArena.Namespace in, int which, int channels, int stride) {
    return Conv2d.depthwise(in, "dw" + which + ".weight", channels, k, stride, 1)
        .rectified()
        .then(Conv2d.same(in, "pw" + which + ".weight", channels, channels, 1, 1));
  }
}
