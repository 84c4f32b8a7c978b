package org.espalier.autograd;

import java.util.IdentityHashMap;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Upstream;
import org.espalier.tensor.Shape;

/** The gradients that reach the tensors of a tape, as values or as rules that are yet to apply. */
final class Gradients {
  private final Backend backend;

  /** Gradients that rules read, and how many want to keep each, its own tensor included. */
  private final IdentityHashMap<Buffer, Integer> held = new IdentityHashMap<>();

  Gradients(Backend backend) {
    this.backend = backend;
  }

  /** Where a gradient of {@code tensor} goes. */
  Call.Grad of(Tensor tensor) {
    Upstream rule = tensor.upstream();
    if (rule != null) {
      tensor.upstream(null);
      apply(rule, tensor);
    }
    Buffer grad = tensor.grad();
    if (grad != null) {
      return new Call.Grad(grad, true);
    }
    Buffer fresh = backend.memory().take(tensor.shape().size());
    tensor.grad(fresh);
    return new Call.Grad(fresh, false);
  }

  /** Delivers a gradient as a rule: left as it is for one that can apply it, else written out. */
  void deliver(Upstream rule, Tensor tensor) {
    held.merge(rule.g(), 2, (keepers, owner) -> keepers + 1);
    Pass producer = tensor.producer();
    boolean first = tensor.grad() == null && tensor.upstream() == null;
    if (first && producer != null && producer.calls().getFirst().op() instanceof JointOp) {
      tensor.upstream(rule);
    } else {
      apply(rule, tensor);
    }
  }

  private void apply(Upstream rule, Tensor x) {
    Call.Grad dx = of(x);
    Shape shape = x.shape();
    backend.gradient(shape.rows(), shape.channels(), rule, x.data(), dx.buffer(), dx.add());
    drop(rule);
  }

  /** Gives back what a rule held. */
  private void drop(Upstream rule) {
    Buffer coefficients = rule.coefficients();
    if (coefficients != null) {
      backend.memory().give(coefficients);
    }
    letGo(rule.g());
  }

  private void letGo(Buffer grad) {
    int keepers = held.getOrDefault(grad, 1) - 1;
    if (keepers == 0) {
      held.remove(grad);
      backend.memory().give(grad);
    } else {
      held.put(grad, keepers);
    }
  }

  /** Forgets the gradient that has reached {@code tensor} so far. */
  void release(Tensor tensor) {
    Upstream rule = tensor.upstream();
    if (rule != null) {
      tensor.upstream(null);
      drop(rule);
    }
    if (!tensor.leaf()) {
      Buffer grad = tensor.grad();
      tensor.grad(null);
      if (grad != null) {
        letGo(grad);
      }
    }
  }
}
