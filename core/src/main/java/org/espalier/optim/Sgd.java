package org.espalier.optim;

import java.util.Map;
import org.espalier.backend.Buffer;
import org.espalier.nn.ParameterArena;

/**
 * Stochastic gradient descent with momentum (Nesterov's if asked) and weight decay, over an arena.
 */
public final class Sgd {
  private final ParameterArena arena;
  private final float momentum;
  private final float decay;
  private final boolean nesterov;
  private final Buffer velocity;

  /** An optimiser at rest. */
  public Sgd(ParameterArena arena, float momentum, float decay, boolean nesterov) {
    this.arena = arena;
    this.momentum = momentum;
    this.decay = decay;
    this.nesterov = nesterov;
    this.velocity = arena.backend().allocate(arena.values().size());
  }

  /** One step along the arena's gradients. */
  public void step(float rate) {
    arena
        .backend()
        .sgd(arena.values(), arena.gradients(), velocity, rate, momentum, decay, nesterov);
  }

  /** Factor on the previous velocity. */
  public float momentum() {
    return momentum;
  }

  /** L2 penalty added to the gradient. */
  public float decay() {
    return decay;
  }

  /** The momentum buffer, as long as the arena. */
  public Buffer velocity() {
    return velocity;
  }

  /** What a checkpoint must hold. */
  public Map<String, Buffer> slots() {
    return Map.of("velocity", velocity);
  }
}
