package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.tensor.Shape;

/** factor * x, of any shape. */
public record Scale(float factor) implements Op {
  static final List<Sample> SAMPLES = List.of(Sample.of(new Scale(0.4f), shape(6, 5)));

  @Override
  public Shape infer(Shape... inputs) {
    return inputs[0];
  }

  @Override
  public void forward(Call call) {
    call.backend().axpby(factor, call.in(0), 0, call.out());
  }

  @Override
  public void backward(Call call) {
    Call.Grad dx = call.grad(0);
    call.backend().axpby(factor, call.gradOut(), dx.add() ? 1 : 0, dx.buffer());
  }
}
