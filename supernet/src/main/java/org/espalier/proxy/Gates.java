package org.espalier.proxy;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.espalier.autograd.Observer;
import org.espalier.autograd.Op;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Unary;
import org.espalier.op.Conv2d;
import org.espalier.op.Mul;
import org.espalier.op.Relu;
import org.jspecify.annotations.Nullable;

/**
 * The states of all ReLUs of a pass, and passes with the same states: there each ReLU multiplies by
 * 1 or 0 as it did in the first, and the network is a smooth function of its weights.
 */
final class Gates implements Observer {
  private final Subject subject;
  private final List<Tensor> states = new ArrayList<>();
  private final IdentityHashMap<Tensor, Tensor> seen = new IdentityHashMap<>();
  private boolean held;
  private int next;

  /** To look on at the pass whose states are to be held. */
  Gates(Subject subject) {
    this.subject = subject;
  }

  /** To look on at another pass over the same batch. */
  Gates again() {
    held = true;
    next = 0;
    seen.clear();
    return this;
  }

  @Override
  public @Nullable Tensor instead(Tape tape, Op op, Tensor... inputs) {
    if (!(op instanceof Relu) && !(op instanceof Conv2d conv && conv.relu())) {
      return null;
    }
    Tensor x = inputs[0];
    if (!held) {
      seen.computeIfAbsent(x, this::read);
      return null;
    }
    Tensor gated =
        seen.computeIfAbsent(x, input -> tape.apply(new Mul(), input, states.get(next++)));
    return op instanceof Conv2d conv ? tape.apply(conv.withRelu(false), gated, inputs[1]) : gated;
  }

  private Tensor read(Tensor x) {
    Backend backend = subject.backend();
    Buffer ones = backend.memory().take(x.shape().size());
    Buffer mask = backend.memory().take(x.shape().size());
    backend.fill(ones, 1);
    backend.unaryGrad(Unary.RELU, x.data(), ones, mask, false);
    backend.memory().give(ones);
    Tensor state = Tensor.constant(x.shape(), mask);
    states.add(state);
    return state;
  }

  /** Gives the memory of the states back. */
  void release() {
    states.forEach(state -> subject.backend().memory().give(state.data()));
    states.clear();
    seen.clear();
  }
}
