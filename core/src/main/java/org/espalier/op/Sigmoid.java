package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.backend.Unary;
import org.espalier.tensor.Shape;

/** 1/(1 + exp(-x)), of any shape. */
public record Sigmoid() implements Op {
  static final List<Sample> SAMPLES =
      List.of(Sample.of(new Sigmoid(), shape(3, 32)), Sample.of(new Sigmoid(), shape(1, 64)));

  @Override
  public Shape infer(Shape... inputs) {
    return inputs[0];
  }

  @Override
  public void forward(Call call) {
    call.backend().unary(Unary.SIGMOID, call.in(0), call.out());
  }

  @Override
  public void backward(Call call) {
    Call.Grad dx = call.grad(0);
    call.backend().unaryGrad(Unary.SIGMOID, call.in(0), call.gradOut(), dx.buffer(), dx.add());
  }
}
