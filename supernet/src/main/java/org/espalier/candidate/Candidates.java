package org.espalier.candidate;

import java.util.List;
import org.espalier.backend.Pool;

/** All candidate operations: one line each. */
public final class Candidates {
  /** {@code none}. */
  public static final CandidateOp NONE = new Zero();

  /** {@code skip_connect}. */
  public static final CandidateOp SKIP = new Skip();

  /** {@code nor_conv_1x1}. */
  public static final CandidateOp CONV_1X1 = new ReluConvBn(1);

  /** {@code nor_conv_3x3}. */
  public static final CandidateOp CONV_3X3 = new ReluConvBn(3);

  /** {@code avg_pool_3x3} as NAS-Bench-201 has it. */
  public static final CandidateOp AVG_POOL = new Pooling(Pool.Kind.AVERAGE, false);

  /** {@code avg_pool_3x3} as DARTS has it. */
  public static final CandidateOp AVG_POOL_BN = new Pooling(Pool.Kind.AVERAGE, true);

  /** {@code max_pool_3x3} as DARTS has it. */
  public static final CandidateOp MAX_POOL_BN = new Pooling(Pool.Kind.MAX, true);

  /** {@code sep_conv_3x3}. */
  public static final CandidateOp SEP_CONV_3X3 = new SepConv(3);

  /** {@code sep_conv_5x5}. */
  public static final CandidateOp SEP_CONV_5X5 = new SepConv(5);

  /** {@code dil_conv_3x3}. */
  public static final CandidateOp DIL_CONV_3X3 = new DilConv(3);

  /** {@code dil_conv_5x5}. */
  public static final CandidateOp DIL_CONV_5X5 = new DilConv(5);

  private Candidates() {}

  /** Every candidate. */
  public static List<CandidateOp> all() {
    return List.of(
        NONE,
        SKIP,
        CONV_1X1,
        CONV_3X3,
        AVG_POOL,
        AVG_POOL_BN,
        MAX_POOL_BN,
        SEP_CONV_3X3,
        SEP_CONV_5X5,
        DIL_CONV_3X3,
        DIL_CONV_5X5);
  }
}
