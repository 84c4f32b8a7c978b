package org.espalier.autograd;

import java.util.ArrayList;
import java.util.List;

/** Calls that are computed together: one, or several of a {@link JointOp} on one input. */
final class Pass {
  private final Tape tape;
  private final List<Call> calls = new ArrayList<>(1);
  private boolean begun;

  Pass(Tape tape) {
    this.tape = tape;
  }

  void add(Call call) {
    calls.add(call);
  }

  List<Call> calls() {
    return calls;
  }

  /** Whether a call of {@code op} can still be added. */
  boolean admits(JointOp op) {
    return !begun && calls.getFirst().op() instanceof JointOp mine && mine.joins(op);
  }

  /** Computes the results. */
  void run() {
    if (begun) {
      return;
    }
    begun = true;
    Call first = calls.getFirst();
    calls.forEach(Call::begin);
    if (first.op() instanceof JointOp joint) {
      joint.forward(calls);
    } else {
      first.op().forward(first);
    }
    calls.forEach(Call::endPass);
    tape.computed(this);
  }

  /** Runs the backward pass of the calls that a gradient has reached. */
  void backward() {
    List<Call> reached = calls.stream().filter(Call::reached).toList();
    if (reached.isEmpty()) {
      return;
    }
    reached.forEach(tape::differentiating);
    if (reached.getFirst().op() instanceof JointOp joint) {
      joint.backward(reached);
    } else {
      reached.getFirst().op().backward(reached.getFirst());
    }
    reached.forEach(Call::endPass);
  }
}
