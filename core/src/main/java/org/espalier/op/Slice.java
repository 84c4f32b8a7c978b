package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.tensor.Shape;

/** The part from {@code from} (inclusive) to {@code to} (exclusive) along an axis. */
public record Slice(int axis, int from, int to) implements Op {
  static final List<Sample> SAMPLES =
      List.of(
          Sample.of(new Slice(1, 1, 6), shape(2, 6, 5, 3)),
          Sample.of(new Slice(3, 4, 20), shape(1, 3, 3, 32)),
          Sample.of(new Slice(0, 0, 1), shape(6, 5)));

  @Override
  public Shape infer(Shape... inputs) {
    Shape x = inputs[0];
    if (axis >= x.rank() || from < 0 || to > x.dim(axis) || from >= to) {
      throw new IllegalArgumentException(this + ": does not lie within " + x);
    }
    return x.with(axis, to - from);
  }

  @Override
  public void forward(Call call) {
    Shape x = call.shape(0);
    int length = (to - from) * x.inner(axis);
    call.backend()
        .copyBlocks(
            x.outer(axis),
            length,
            call.in(0),
            from * x.inner(axis),
            x.dim(axis) * x.inner(axis),
            call.out(),
            0,
            length,
            false);
  }

  @Override
  public void backward(Call call) {
    Shape x = call.shape(0);
    int length = (to - from) * x.inner(axis);
    Call.Grad dx = call.grad(0);
    if (!dx.add()) {
      call.backend().fill(dx.buffer(), 0);
    }
    call.backend()
        .copyBlocks(
            x.outer(axis),
            length,
            call.gradOut(),
            0,
            length,
            dx.buffer(),
            from * x.inner(axis),
            x.dim(axis) * x.inner(axis),
            true);
  }
}
