package org.espalier.candidate;

import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.ParameterArena;

/** The identity; where the extent halves, a {@link FactorizedReduce}. */
record Skip() implements CandidateOp {
  @Override
  public String name() {
    return "skip_connect";
  }

  @Override
  public String description() {
    return "identity; factorized reduction at stride 2";
  }

  @Override
  public Branch build(
      ParameterArena.Namespace in, int channels, int stride, BatchNorm2d.Policy norm) {
    return stride == 1 ? Branch.IDENTITY : FactorizedReduce.of(in, channels, channels, norm);
  }
}
