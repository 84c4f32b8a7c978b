package org.espalier.candidate;

import java.util.Locale;
import org.espalier.backend.Pool;
import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.Module;
import org.espalier.nn.ParameterArena;
import org.espalier.op.Pool2d;

/**
 * 3x3 pooling.
 *
 * @param normalized whether a batch normalisation follows while searching: DARTS' supernet does so,
 *     its final network and NAS-Bench-201 do not
 */
record Pooling(Pool.Kind kind, boolean normalized) implements CandidateOp {
  @Override
  public String name() {
    return (kind == Pool.Kind.MAX ? "max" : "avg") + "_pool_3x3";
  }

  @Override
  public String description() {
    return "3x3 "
        + kind.name().toLowerCase(Locale.ROOT)
        + " pooling"
        + (normalized ? ", batch norm while searching" : "");
  }

  @Override
  public Branch build(
      ParameterArena.Namespace in, int channels, int stride, BatchNorm2d.Policy norm) {
    Pool2d pool = new Pool2d(kind, 3, stride, 1);
    Module body = (tape, x) -> tape.apply(pool, x);
    return normalized && !norm.affine()
        ? new Branch(body, new BatchNorm2d(in, "bn", channels, norm))
        : Branch.of(body);
  }
}
