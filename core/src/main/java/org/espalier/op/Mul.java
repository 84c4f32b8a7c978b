package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.tensor.Shape;

/** The element-wise product of two tensors of one shape. */
public record Mul() implements Op {
  static final List<Sample> SAMPLES =
      List.of(Sample.of(new Mul(), shape(3, 2, 2, 7), shape(3, 2, 2, 7)));

  @Override
  public Shape infer(Shape... inputs) {
    if (!inputs[0].equals(inputs[1])) {
      throw new IllegalArgumentException(
          "mul: " + inputs[0] + " and " + inputs[1] + " must have one shape");
    }
    return inputs[0];
  }

  @Override
  public void forward(Call call) {
    call.backend().multiply(call.in(0), call.in(1), call.out(), false);
  }

  @Override
  public void backward(Call call) {
    for (int i = 0; i < 2; i++) {
      if (call.needs(i)) {
        Call.Grad dx = call.grad(i);
        call.backend().multiply(call.gradOut(), call.in(1 - i), dx.buffer(), dx.add());
      }
    }
  }
}
