package org.espalier.candidate;

import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.ParameterArena;
import org.jspecify.annotations.Nullable;

/** No connection. */
record Zero() implements CandidateOp {
  @Override
  public String name() {
    return "none";
  }

  @Override
  public String description() {
    return "no connection; costs nothing";
  }

  @Override
  public @Nullable Branch build(
      ParameterArena.Namespace in, int channels, int stride, BatchNorm2d.Policy norm) {
    return null;
  }
}
