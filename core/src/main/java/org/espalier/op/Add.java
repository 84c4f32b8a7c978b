package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.tensor.Shape;

/** The sum of one or more tensors of one shape. */
public record Add() implements Op {
  static final List<Sample> SAMPLES =
      List.of(
          Sample.of(new Add(), shape(2, 3, 3, 5), shape(2, 3, 3, 5)),
          Sample.of(new Add(), shape(17), shape(17), shape(17)));

  @Override
  public Shape infer(Shape... inputs) {
    for (Shape shape : inputs) {
      if (!shape.equals(inputs[0])) {
        throw new IllegalArgumentException(
            "add: " + inputs[0] + " and " + shape + " must have one shape");
      }
    }
    return inputs[0];
  }

  @Override
  public void forward(Call call) {
    for (int i = 0; i < call.inputs(); i++) {
      call.backend().axpby(1, call.in(i), i == 0 ? 0 : 1, call.out());
    }
  }

  @Override
  public void backward(Call call) {
    for (int i = 0; i < call.inputs(); i++) {
      if (call.needs(i)) {
        Call.Grad dx = call.grad(i);
        call.backend().axpby(1, call.gradOut(), dx.add() ? 1 : 0, dx.buffer());
      }
    }
  }
}
