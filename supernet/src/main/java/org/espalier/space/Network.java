package org.espalier.space;

import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.jspecify.annotations.Nullable;

/** A single architecture as a network. */
@FunctionalInterface
public interface Network {
  /**
   * Applies it to images {@code [N, H, W, C]}.
   *
   * @param dropPath probability of dropping a path while training, where the space uses drop path
   */
  Output forward(Tape tape, Tensor images, float dropPath);

  /**
   * What comes out.
   *
   * @param logits {@code [N, classes]}
   * @param auxiliary those of the auxiliary head; null without one or outside training
   */
  record Output(Tensor logits, @Nullable Tensor auxiliary) {}
}
