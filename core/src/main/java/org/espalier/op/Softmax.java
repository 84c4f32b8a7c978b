package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.tensor.Shape;

/** Softmax over the last axis. */
public record Softmax() implements Op {
  static final List<Sample> SAMPLES =
      List.of(Sample.of(new Softmax(), shape(6, 5)), Sample.of(new Softmax(), shape(14, 8)));

  @Override
  public Shape infer(Shape... inputs) {
    return inputs[0];
  }

  @Override
  public void forward(Call call) {
    call.backend().softmax(call.shape().rows(), call.shape().channels(), call.in(0), call.out());
  }

  @Override
  public void backward(Call call) {
    Call.Grad dx = call.grad(0);
    call.backend()
        .softmaxGrad(
            call.shape().rows(),
            call.shape().channels(),
            call.out(),
            call.gradOut(),
            dx.buffer(),
            dx.add());
  }
}
