package org.espalier.optim;

import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.nn.ParameterArena;

/** Clipping by global norm (Pascanu et al. 2013). */
public final class Clip {
  private Clip() {}

  /** Scales the arena's gradients down to a norm of at most {@code max}; with 0, does nothing. */
  public static void byGlobalNorm(ParameterArena arena, float max) {
    if (max > 0) {
      Backend backend = arena.backend();
      Buffer norm = backend.memory().take(1);
      backend.norm(arena.gradients(), norm);
      backend.clip(arena.gradients(), norm, max);
      backend.memory().give(norm);
    }
  }
}
