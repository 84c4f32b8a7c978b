package org.espalier.tensor;

import java.util.Arrays;

/**
 * The extents of a tensor. Activations are {@code [N, H, W, C]}, convolution weights {@code [kH,
 * kW, I/groups, O]}, linear weights {@code [in, out]}.
 */
public final class Shape {
  private final int[] dims;
  private final int size;

  private Shape(int[] dims) {
    long product = 1;
    for (int d : dims) {
      if (d < 1) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(dims) + ": every extent must be at least 1");
      }
      product *= d;
    }
    if (product > Integer.MAX_VALUE - 64) {
      throw new IllegalArgumentException(
          "shape "
              + Arrays.toString(dims)
              + " has "
              + product
              + " elements; at most 2^31 - 65 fit one buffer");
    }
    this.dims = dims;
    this.size = (int) product;
  }

  /** The shape with these extents. */
  public static Shape of(int... dims) {
    return new Shape(dims.clone());
  }

  /** Number of elements. */
  public int size() {
    return size;
  }

  /** Number of axes. */
  public int rank() {
    return dims.length;
  }

  /** Extent of an axis; negative axes count from the end. */
  public int dim(int axis) {
    return dims[axis < 0 ? axis + dims.length : axis];
  }

  /** This shape with one extent replaced. */
  public Shape with(int axis, int extent) {
    int[] copy = dims.clone();
    copy[axis < 0 ? axis + dims.length : axis] = extent;
    return new Shape(copy);
  }

  /** Number of elements before {@code axis}. */
  public int outer(int axis) {
    int product = 1;
    for (int i = 0; i < axis; i++) {
      product *= dims[i];
    }
    return product;
  }

  /** Number of elements of one step along {@code axis}. */
  public int inner(int axis) {
    return size / outer(axis) / dims[axis];
  }

  /** The last extent: channels of activations, columns of matrices. */
  public int channels() {
    return dims[dims.length - 1];
  }

  /** Elements per channel: everything but the last extent. */
  public int rows() {
    return size / channels();
  }

  /**
   * This shape, if it has {@code rank} axes.
   *
   * @throws IllegalArgumentException naming the operation and this shape, if not
   */
  public Shape requireRank(int rank, Object who) {
    if (dims.length != rank) {
      throw new IllegalArgumentException(
          who + ": input " + this + " has " + dims.length + " axes, " + rank + " are wanted");
    }
    return this;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  @Override
  public String toString() {
    return Arrays.toString(dims);
  }
}
