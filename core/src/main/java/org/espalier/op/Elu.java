package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.backend.Unary;
import org.espalier.tensor.Shape;

/** x where positive, exp(x) - 1 elsewhere (Clevert et al. 2016), of any shape. */
public record Elu() implements Op {
  static final List<Sample> SAMPLES =
      List.of(Sample.of(new Elu(), Sample.Values.AWAY_FROM_ZERO, shape(14, 8)));

  @Override
  public Shape infer(Shape... inputs) {
    return inputs[0];
  }

  @Override
  public void forward(Call call) {
    call.backend().unary(Unary.ELU, call.in(0), call.out());
  }

  @Override
  public void backward(Call call) {
    Call.Grad dx = call.grad(0);
    call.backend().unaryGrad(Unary.ELU, call.in(0), call.gradOut(), dx.buffer(), dx.add());
  }
}
