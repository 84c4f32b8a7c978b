package org.espalier.candidate;

import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.ParameterArena;
import org.jspecify.annotations.Nullable;

/** An operation that an edge of a cell may take. */
public interface CandidateOp {
  /** The field's name for it, as in {@code sep_conv_3x3}. */
  String name();

  /** One line for {@code espalier list candidates}. */
  String description();

  /**
   * Builds it between feature maps of {@code channels} channels.
   *
   * @param in where it declares its parameters
   * @param stride 1, or 2 to halve the extent
   * @param norm the policy of its batch normalisations
   * @return null if it contributes nothing: it is then neither computed nor multiplied
   */
  @Nullable Branch build(
      ParameterArena.Namespace in, int channels, int stride, BatchNorm2d.Policy norm);
}
