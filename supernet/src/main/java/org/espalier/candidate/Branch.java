package org.espalier.candidate;

import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.Module;
import org.jspecify.annotations.Nullable;

/**
 * A candidate operation that has been built: a body and the batch normalisation that ends it, if
 * any. They are kept apart so that a mixed sum can fold the normalisation into its own single pass.
 */
public record Branch(Module body, @Nullable BatchNorm2d norm) implements Module {
  /** The skip connection between feature maps of one shape. */
  public static final Branch IDENTITY = new Branch((tape, x) -> x, null);

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
    Tensor y = body.forward(tape, x);
    return norm == null ? y : norm.forward(tape, y);
  }

  /** The value to be summed: not yet normalised if {@link #foldable}. */
  public Tensor raw(Tape tape, Tensor x) {
    return foldable() ? body.forward(tape, x) : forward(tape, x);
  }
}
