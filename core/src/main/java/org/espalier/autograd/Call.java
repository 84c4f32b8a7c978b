package org.espalier.autograd;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Upstream;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * One application of an {@link Op}: its buffers, and what its forward pass saves for its backward
 * pass.
 */
public final class Call {
  private final Tape tape;
  private final Op op;
  private final Tensor[] inputs;
  private final Tensor output;
  private final List<@Nullable Buffer> saved = new ArrayList<>(0);
  private final List<Buffer> scratch = new ArrayList<>(0);

  Call(Tape tape, Op op, Tensor[] inputs, Tensor output) {
    this.tape = tape;
    this.op = op;
    this.inputs = inputs;
    this.output = output;
  }

  /** A gradient to deliver: added to the buffer if {@code add}, written over it otherwise. */
  public record Grad(Buffer buffer, boolean add) {}

  /** The back end that computes. */
  public Backend backend() {
    return tape.backend();
  }

  /** Number of inputs. */
  public int inputs() {
    return inputs.length;
  }

  /** The operation. */
  public Op op() {
    return op;
  }

  /** Shape of input {@code i}. */
  public Shape shape(int i) {
    return inputs[i].shape();
  }

  /** Shape of the result. */
  public Shape shape() {
    return output.shape();
  }

  /** Values of input {@code i}. */
  public Buffer in(int i) {
    return inputs[i].data();
  }

  /** Values of the result. */
  public Buffer out() {
    return output.data();
  }

  /** Mean and variance of input {@code i} per channel, {@code [2, C]}: computed once per tensor. */
  public Buffer moments(int i) {
    return tape.moments(inputs[i]);
  }

  /**
   * Where the mean and variance of the result go, {@code [2, C]}, for operations that can compute
   * them along with it; null if nobody has asked for them.
   */
  public @Nullable Buffer momentsOut() {
    Buffer moments = output.moments();
    if (moments == null && output.momentsWanted()) {
      moments = backend().memory().take(2 * shape().channels());
      output.moments(moments);
    }
    return moments;
  }

  /** A buffer kept from the forward pass until the backward pass is done. */
  public Buffer save(int slot, int size) {
    while (saved.size() <= slot) {
      saved.add(null);
    }
    Buffer buffer = saved.get(slot);
    if (buffer == null) {
      buffer = backend().memory().take(size);
      saved.set(slot, buffer);
    }
    return buffer;
  }

  /** A buffer for the length of this forward or backward pass. */
  public Buffer scratch(int size) {
    Buffer buffer = backend().memory().take(size);
    scratch.add(buffer);
    return buffer;
  }

  /** Whether input {@code i} wants a gradient. */
  public boolean needs(int i) {
    return inputs[i].requiresGrad();
  }

  /** Gradient of the result. */
  public Buffer gradOut() {
    Buffer grad = output.grad();
    if (grad == null) {
      throw new IllegalStateException(op + ": no gradient has reached its result");
    }
    return grad;
  }

  /** Gradient of the result, as a {@link JointOp} may receive it: perhaps as a rule. */
  public Upstream upstream() {
    Upstream rule = output.upstream();
    return rule == null ? new Upstream(gradOut(), null) : rule;
  }

  /**
   * Where the gradient of input {@code i} goes. To be called once for each delivery, just before
   * it.
   */
  public Grad grad(int i) {
    return tape.gradients().of(inputs[i]);
  }

  /** A buffer {@code [4, C]} for the coefficients of {@link #deliver}. */
  public Buffer coefficients(int i) {
    return backend().memory().take(4 * shape(i).channels());
  }

  /**
   * Delivers the gradient of input {@code i} as a rule in the gradient of the result; takes the
   * coefficients over. Whoever computed the input applies the rule where it can.
   */
  public void deliver(int i, Buffer coefficients) {
    tape.gradients().deliver(new Upstream(gradOut(), coefficients), inputs[i]);
  }

  void begin() {
    output.data(backend().memory().take(output.shape().size()));
  }

  /** Whether a gradient has reached the result. */
  boolean reached() {
    return output.grad() != null || output.upstream() != null;
  }

  Tensor output() {
    return output;
  }

  List<Tensor> tensors() {
    return List.of(inputs);
  }

  void release() {
    for (Buffer buffer : saved) {
      if (buffer != null) {
        backend().memory().give(buffer);
      }
    }
    saved.clear();
  }

  void endPass() {
    scratch.forEach(backend().memory()::give);
    scratch.clear();
  }
}
