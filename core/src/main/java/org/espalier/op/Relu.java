package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.backend.Unary;
import org.espalier.tensor.Shape;

/** max(x, 0), of any shape. */
public record Relu() implements Op {
  static final List<Sample> SAMPLES =
      List.of(
          Sample.of(new Relu(), Sample.Values.AWAY_FROM_ZERO, shape(2, 3, 5, 7)),
          Sample.of(new Relu(), Sample.Values.AWAY_FROM_ZERO, shape(1, 4, 4, 16)));

  @Override
  public Shape infer(Shape... inputs) {
    return inputs[0];
  }

  @Override
  public void forward(Call call) {
    call.backend().unary(Unary.RELU, call.in(0), call.out());
  }

  @Override
  public void backward(Call call) {
    Call.Grad dx = call.grad(0);
    call.backend().unaryGrad(Unary.RELU, call.in(0), call.gradOut(), dx.buffer(), dx.add());
  }

  @Override
  public boolean shared() {
    return true;
  }
}
