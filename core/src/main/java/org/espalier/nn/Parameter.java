package org.espalier.nn;

import org.espalier.autograd.Tensor;
import org.espalier.backend.Buffer;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** A name, a shape, and a place in a {@link ParameterArena}. */
public final class Parameter {
  private final String name;
  private final Shape shape;
  private final Init init;
  private final int offset;
  private final ParameterArena arena;
  private @Nullable Tensor variable;
  private @Nullable Tensor constant;

  Parameter(ParameterArena arena, String name, Shape shape, Init init, int offset) {
    this.arena = arena;
    this.name = name;
    this.shape = shape;
    this.init = init;
    this.offset = offset;
  }

  /** Its path, such as {@code cells.3.edge.0-1.nor_conv_3x3.conv.weight}. */
  public String name() {
    return name;
  }

  /** Its extents. */
  public Shape shape() {
    return shape;
  }

  /** Index of its first element in the arena. */
  public int offset() {
    return offset;
  }

  /** Its values, differentiated by if the arena is. */
  public Tensor tensor() {
    Tensor tensor = arena.differentiated() ? variable : constant;
    if (tensor == null) {
      throw new IllegalStateException("parameter " + name + ": its arena has not been allocated");
    }
    return tensor;
  }

  void bind(Buffer values, Buffer gradients) {
    Buffer value = values.slice(offset, shape.size());
    variable = Tensor.variable(shape, value, gradients.slice(offset, shape.size()));
    constant = Tensor.constant(shape, value);
  }

  Init init() {
    return init;
  }
}
