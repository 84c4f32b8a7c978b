package org.espalier.autograd;

import org.espalier.backend.Buffer;
import org.espalier.backend.Upstream;
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
  private @Nullable Upstream upstream;
  private @Nullable Buffer moments;
  private @Nullable Pass producer;
  private boolean momentsWanted;

  private Tensor(
      Shape shape,
      @Nullable Buffer data,
      boolean requiresGrad,
      boolean leaf,
      @Nullable Buffer grad) {
    if (data != null && data.size() != shape.size()) {
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

  static Tensor result(Shape shape, Buffer data) {
    return new Tensor(shape, data, false, false, null);
  }

  /** A result that {@code producer} computes when it is first wanted. */
  static Tensor promised(Shape shape, boolean requiresGrad, Pass producer) {
    Tensor tensor = new Tensor(shape, null, requiresGrad, false, null);
    tensor.producer = producer;
    return tensor;
  }

  /** The extents. */
  public Shape shape() {
    return shape;
  }

  /**
   * The values, computed now if they were put off.
   *
   * @throws IllegalStateException if the tape that computed them has released them
   */
  public Buffer data() {
    if (data == null && producer != null) {
      producer.run();
    }
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

  void data(Buffer computed) {
    data = computed;
  }

  /** What computes it; null for leaves and once it has been differentiated. */
  @Nullable Pass producer() {
    return producer;
  }

  /** Whether its moments are to be computed along with its values. */
  boolean momentsWanted() {
    return momentsWanted;
  }

  void wantMoments() {
    momentsWanted = true;
  }

  /** A gradient that has been delivered as a rule. */
  @Nullable Upstream upstream() {
    return upstream;
  }

  void upstream(@Nullable Upstream rule) {
    upstream = rule;
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
    producer = null;
    return released;
  }
}
