package org.espalier.proxy;

import java.util.ArrayList;
import java.util.List;
import org.espalier.autograd.Observer;
import org.espalier.autograd.Op;
import org.espalier.autograd.Tensor;
import org.espalier.op.Conv2d;
import org.espalier.op.Relu;
import org.jspecify.annotations.Nullable;

/**
 * Reads what goes into every ReLU, those that convolutions carry as an attribute included; once for
 * each application, as often as a module with a ReLU of its own is applied. The shifted half of a
 * {@link org.espalier.candidate.FactorizedReduce} has none of its own: it convolves what the other
 * half does.
 */
public final class Relus implements Observer {
  /** Is handed the inputs of one ReLU. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Looks at them.
     *
     * @param values {@code [samples, units]}; the unit is active where its value is positive
     */
    void inputs(float[] values, int samples, int units);
  }

  private final Subject subject;
  private final List<Listener> listeners = new ArrayList<>();
  private @Nullable Tensor last;
  private float[] values = {};

  Relus(Subject subject) {
    this.subject = subject;
  }

  void add(Listener listener) {
    listeners.add(listener);
  }

  @Override
  public void computed(Op op, List<Tensor> inputs, Tensor output) {
    if (op instanceof Relu || (op instanceof Conv2d conv && conv.relu() && conv.shift() == 0)) {
      Tensor x = inputs.getFirst();
      if (x != last) { // several convolutions of one tensor follow each other
        values = subject.read(x.data());
        last = x;
      }
      int samples = x.shape().dim(0);
      listeners.forEach(l -> l.inputs(values, samples, values.length / samples));
    }
  }
}
