package org.espalier.autograd;

import java.util.List;

/**
 * An operation that a back end computes in one pass with others of its kind on the same first
 * input. The tape puts it off until its value is wanted, and takes with it whatever was applied to
 * that input in the meantime; its result may receive its gradient as a rule ({@link
 * Call#upstream}).
 */
public interface JointOp extends Op {
  /** Whether it can be computed together with {@code other} on the same first input. */
  boolean joins(JointOp other);

  /** Writes the result of each call; their first input is one tensor. */
  void forward(List<Call> calls);

  /** Writes or adds the gradients; a gradient has reached each of the calls. */
  void backward(List<Call> calls);

  @Override
  default boolean putOff() {
    return true;
  }

  @Override
  default void forward(Call call) {
    forward(List.of(call));
  }

  @Override
  default void backward(Call call) {
    backward(List.of(call));
  }
}
