package org.espalier.autograd;

import java.util.List;
import org.espalier.backend.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * Looks on while a tape computes and differentiates, and may step in. It is told of every
 * application of an operation exactly once, also where the tape puts it off or shares its result:
 * so a module is seen as often as it is applied, and what only contains modules is not seen at all.
 */
public interface Observer {
  /**
   * What to take for the result of an operation that is about to be applied, such as one of its
   * inputs or the result of another operation; null to leave it as it is.
   */
  default @Nullable Tensor instead(Tape tape, Op op, Tensor... inputs) {
    return null;
  }

  /**
   * An operation has been applied. Until the tape releases them, the values of its inputs and of
   * its result can be read.
   */
  default void computed(Op op, List<Tensor> inputs, Tensor output) {}

  /** A part of the network that the network calls a unit, such as a cell, has ended in a result. */
  default void ended(Tensor part) {}

  /** Whether {@link #differentiating} is to be called for this result. */
  default boolean wantsGradient(Op op, Tensor output) {
    return false;
  }

  /**
   * The whole gradient of a result has arrived, and the operation is about to be differentiated.
   *
   * @param gradient of the result's shape; may be read, and written to go on with another
   */
  default void differentiating(Op op, List<Tensor> inputs, Tensor output, Buffer gradient) {}
}
