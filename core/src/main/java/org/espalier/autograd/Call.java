package org.espalier.autograd;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
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

  /**
   * Where the gradient of input {@code i} goes. To be called once for each delivery, just before
   * it.
   */
  public Grad grad(int i) {
    Tensor input = inputs[i];
    Buffer grad = input.grad();
    if (grad != null) {
      return new Grad(grad, true);
    }
    Buffer fresh = backend().memory().take(input.shape().size());
    input.grad(fresh);
    return new Grad(fresh, false);
  }

  void forward() {
    op.forward(this);
    endPass();
  }

  /** Runs the backward pass if a gradient has reached the result. */
  void backward() {
    if (output.grad() != null) {
      op.backward(this);
      endPass();
    }
  }

  Tensor output() {
    return output;
  }

  void release() {
    for (Buffer buffer : saved) {
      if (buffer != null) {
        backend().memory().give(buffer);
      }
    }
    saved.clear();
  }

  private void endPass() {
    scratch.forEach(backend().memory()::give);
    scratch.clear();
  }
}
