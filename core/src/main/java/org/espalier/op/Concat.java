package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.tensor.Shape;

/** The inputs one behind the other along an axis. */
public record Concat(int axis) implements Op {
  static final List<Sample> SAMPLES =
      List.of(
          Sample.of(new Concat(3), shape(2, 3, 3, 4), shape(2, 3, 3, 7)),
          Sample.of(new Concat(3), shape(1, 4, 4, 16), shape(1, 4, 4, 16), shape(1, 4, 4, 16)),
          Sample.of(new Concat(0), shape(2, 5), shape(3, 5)));

  @Override
  public Shape infer(Shape... inputs) {
    int extent = 0;
    for (Shape shape : inputs) {
      if (shape.rank() != inputs[0].rank()
          || !shape.with(axis, 1).equals(inputs[0].with(axis, 1))) {
        throw new IllegalArgumentException(
            "concat: " + inputs[0] + " and " + shape + " differ beside axis " + axis);
      }
      extent += shape.dim(axis);
    }
    return inputs[0].with(axis, extent);
  }

  /** Its inputs may be convolutions that others can still join: the halves of a reduction. */
  @Override
  public boolean putOff() {
    return true;
  }

  @Override
  public void forward(Call call) {
    Shape all = call.shape();
    int start = 0;
    for (int i = 0; i < call.inputs(); i++) {
      int length = call.shape(i).dim(axis) * all.inner(axis);
      call.backend()
          .copyBlocks(
              all.outer(axis),
              length,
              call.in(i),
              0,
              length,
              call.out(),
              start,
              all.dim(axis) * all.inner(axis),
              false);
      start += length;
    }
  }

  @Override
  public void backward(Call call) {
    Shape all = call.shape();
    int start = 0;
    for (int i = 0; i < call.inputs(); i++) {
      int length = call.shape(i).dim(axis) * all.inner(axis);
      if (call.needs(i)) {
        Call.Grad dx = call.grad(i);
        int stride = all.dim(axis) * all.inner(axis);
        call.backend()
            .copyBlocks(
                all.outer(axis),
                length,
                call.gradOut(),
                start,
                stride,
                dx.buffer(),
                0,
                length,
                dx.add());
      }
      start += length;
    }
  }
}
