package org.espalier.autograd;

import org.espalier.tensor.Shape;

/**
 * A differentiable operation: a record of its attributes, with its shape check, its forward and its
 * backward pass side by side. Equal records compute equal results from equal inputs.
 */
public interface Op {
  /**
   * The shape of the result.
   *
   * @throws IllegalArgumentException naming the operation and the shapes, if it cannot take these
   *     inputs
   */
  Shape infer(Shape... inputs);

  /** Writes {@code call.out()}. */
  void forward(Call call);

  /** Writes or adds the gradient of every input that {@code call.needs} one. */
  void backward(Call call);

  /**
   * Whether the tape computes it once for the same inputs and hands the result to all who ask:
   * worth it for operations without parameters that several candidates put before theirs (ReLU,
   * pools).
   */
  default boolean shared() {
    return false;
  }

  /**
   * Whether the tape puts it off until its result is wanted: worth it for operations that only
   * arrange the results of {@link JointOp}s, which would have those computed before all that could
   * join them has been applied.
   */
  default boolean putOff() {
    return false;
  }
}
