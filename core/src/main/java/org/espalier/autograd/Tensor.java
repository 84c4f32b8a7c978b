package org.espalier.autograd;

import org.espalier.backend.Buffer;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * A shape and the buffer that holds its values, row-major. Results of operations belong to the
 * {@link Tape} that computed them and end with it; leaves (parameters, inputs) belong to whoever
 * made them.
 */
public final class Tensor {
  private final Shape shape;
  private final boolean requiresGrad;
  private final boolean leaf;
  private @Nullable Buffer data;
  private @Nullable Buffer grad;
  private @Nullable Buffer moments;

  private Tensor(
      Shape shape, Buffer data, boolean requiresGrad, boolean leaf, @Nullable Buffer grad) {
    if (data.size() != shape.size()) {
      throw new IllegalArgumentException(
          "tensor " + shape + " wants " + shape.size() + " floats, not " + data.size());
    }
    this.shape = shape;
    this.data = data;
    this.requiresGrad = requiresGrad;
    this.leaf = leaf;
    this.grad = grad;
  }

  /** A leaf that nothing is differentiated by. */
  public static Tensor constant(Shape shape, Buffer data) {
    return new Tensor(shape, data, false, true, null);
  }

  /** A leaf whose gradient is added into {@code grad}, which its owner zeroes. */
  public static Tensor variable(Shape shape, Buffer data, Buffer grad) {
    return new Tensor(shape, data, true, true, grad);
  }

  static Tensor result(Shape shape, Buffer data, boolean requiresGrad) {
    return new Tensor(shape, data, requiresGrad, false, null);
  }

  /** The extents. */
  public Shape shape() {
    return shape;
  }

  /**
   * The values.
   *
   * @throws IllegalStateException if the tape that computed them has released them
   */
  public Buffer data() {
    if (data == null) {
      throw new IllegalStateException(
          "tensor " + shape + " was released by its tape; keep() it to read it later");
    }
    return data;
  }

  /** Whether a backward pass computes a gradient for this tensor. */
  public boolean requiresGrad() {
    return requiresGrad;
  }

  boolean leaf() {
    return leaf;
  }

  @Nullable Buffer grad() {
    return grad;
  }

  void grad(@Nullable Buffer buffer) {
    grad = buffer;
  }

  @Nullable Buffer moments() {
    return moments;
  }

  void moments(@Nullable Buffer buffer) {
    moments = buffer;
  }

  @Nullable Buffer releaseData() {
    Buffer released = data;
    data = null;
    return released;
  }
}
