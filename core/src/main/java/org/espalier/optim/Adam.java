package org.espalier.optim;

import java.util.Map;
import org.espalier.backend.Buffer;
import org.espalier.nn.ParameterArena;

/** Adam (Kingma and Ba 2015) with L2 decay added to the gradient, over an arena. */
public final class Adam {
  /** Added to the root of the square, where nothing else is asked for. */
  public static final float EPS = 1e-8f;

  private final ParameterArena arena;
  private final float beta1;
  private final float beta2;
  private final float eps;
  private final float decay;
  private final Buffer first;
  private final Buffer second;
  private int steps;

  /** An optimiser at rest. */
  public Adam(ParameterArena arena, float beta1, float beta2, float decay) {
    this(arena, beta1, beta2, EPS, decay);
  }

  /** As above, with an epsilon of one's own. */
  public Adam(ParameterArena arena, float beta1, float beta2, float eps, float decay) {
    this.arena = arena;
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.eps = eps;
    this.decay = decay;
    this.first = arena.backend().allocate(arena.values().size());
    this.second = arena.backend().allocate(arena.values().size());
  }

  /** One step along the arena's gradients. */
  public void step(float rate) {
    steps++;
    arena
        .backend()
        .adam(
            arena.values(),
            arena.gradients(),
            first,
            second,
            rate,
            beta1,
            beta2,
            eps,
            decay,
            steps);
  }

  /** Steps taken. */
  public int steps() {
    return steps;
  }

  /** Continues from a checkpoint. */
  public void steps(int taken) {
    steps = taken;
  }

  /** What a checkpoint must hold, beside {@link #steps}. */
  public Map<String, Buffer> slots() {
    return Map.of("first", first, "second", second);
  }
}
