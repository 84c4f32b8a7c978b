package org.espalier.candidate;

import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.Module;
import org.jspecify.annotations.Nullable;

/**
 * A candidate operation that has been built: a body and the batch normalisation that ends it, if
 * any. They are kept apart so that a mixed sum can fold the normalisation into its own single pass.
 *
 * @param body all of it, or what comes before a normalisation within
 * @param rest that normalisation and what follows, or null: it needs the body's values, and whoever
 *     applies several branches to one tensor begins them all before it, so that their first
 *     convolutions are computed in one pass
 */
public record Branch(Module body, @Nullable Module rest, @Nullable BatchNorm2d norm)
    implements Module {
  /** The skip connection between feature maps of one shape. */
  public static final Branch IDENTITY = of((tape, x) -> x);

  /** A branch of one piece. */
  public Branch(Module body, @Nullable BatchNorm2d norm) {
    this(body, null, norm);
  }

  /** A branch with nothing to fold. */
  public static Branch of(Module body) {
    return new Branch(body, null);
  }

  /** Whether the trailing normalisation can be folded into a mixed sum. */
  public boolean foldable() {
    return norm != null && norm.plain();
  }

  @Override
  public Tensor forward(Tape tape, Tensor x) {
    Tensor y = finish(tape, body.forward(tape, x));
    return norm == null ? y : norm.forward(tape, y);
  }

  /**
   * Of {@code y}, the body's result, the value to be summed: not yet normalised if {@link
   * #foldable}.
   */
  public Tensor raw(Tape tape, Tensor y) {
    Tensor z = finish(tape, y);
    return norm == null || foldable() ? z : norm.forward(tape, z);
  }

  private Tensor finish(Tape tape, Tensor y) {
    return rest == null ? y : rest.forward(tape, y);
  }
}
