package org.espalier.candidate;

import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.Conv2d;
import org.espalier.nn.Module;
import org.espalier.nn.ParameterArena;

/**
 * Dilated separable convolution: ReLU, depthwise k x k of dilation 2, pointwise, batch norm
 * (DARTS).
 */
record DilConv(int k) implements CandidateOp {
  @Override
  public String name() {
    return "dil_conv_" + k + "x" + k;
  }

  @Override
  public String description() {
    return "ReLU, depthwise " + k + "x" + k + " of dilation 2, pointwise, batch norm";
  }

  @Override
  public Branch build(
      ParameterArena.Namespace in, int channels, int stride, BatchNorm2d.Policy norm) {
    Module body =
        Conv2d.depthwise(in, "dw.weight", channels, k, stride, 2)
            .rectified()
            .then(Conv2d.same(in, "pw.weight", channels, channels, 1, 1));
    return new Branch(body, new BatchNorm2d(in, "bn", channels, norm));
  }
}
