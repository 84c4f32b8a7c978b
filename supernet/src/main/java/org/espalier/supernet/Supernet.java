package org.espalier.supernet;

import java.util.function.Function;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.nn.ParameterArena;
import org.espalier.tensor.Rng;

/**
 * The over-complete network that one-shot search trains. It knows no algorithm: what each edge
 * computes is handed to it with every pass.
 */
public final class Supernet {
  private final ParameterArena weights;
  private final Body body;

  /** How a search space wires its supernet. */
  @FunctionalInterface
  public interface Body {
    /** Logits {@code [N, classes]} of images {@code [N, H, W, C]}. */
    Tensor logits(Tape tape, Tensor images, Selections selections);
  }

  private Supernet(ParameterArena weights, Body body) {
    this.weights = weights;
    this.body = body;
  }

  /** Builds and initialises a supernet. */
  public static Supernet of(
      Function<ParameterArena.Namespace, Body> space, Backend backend, Rng rng) {
    ParameterArena arena = new ParameterArena();
    Body body = space.apply(arena.root());
    return new Supernet(arena.allocate(backend, rng), body);
  }

  /** The shared weights. */
  public ParameterArena weights() {
    return weights;
  }

  /** Logits {@code [N, classes]} of images {@code [N, H, W, C]}. */
  public Tensor logits(Tape tape, Tensor images, Selections selections) {
    return body.logits(tape, images, selections);
  }
}
