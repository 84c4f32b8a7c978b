package org.espalier.nn;

import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;

/** A function of one tensor, usually with parameters of its own. */
@FunctionalInterface
public interface Module {
  /** Applies it. */
  Tensor forward(Tape tape, Tensor x);

  /** This, then {@code next}. */
  default Module then(Module next) {
    return (tape, x) -> next.forward(tape, forward(tape, x));
  }
}
