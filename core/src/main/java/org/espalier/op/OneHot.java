package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.tensor.Shape;

/**
 * One at the largest entry of each row, zero elsewhere, and in the backward pass the identity: the
 * straight-through estimator, {@code onehot - stop(p) + p}, of a hard sample (Jang et al. 2017;
 * GDAS, Dong and Yang 2019, eq. 3). The value has no derivative to check: a test of its own holds
 * the backward pass.
 */
public record OneHot() implements Op {
  static final List<Sample> SAMPLES =
      List.of(
          new Sample(
              new OneHot(), List.of(new Sample.Input(shape(6, 5), Sample.Values.DISTINCT, false))));

  /** Index of the largest of {@code values[from .. from + n)}, the first among equals. */
  public static int argmax(float[] values, int from, int n) {
    int best = 0;
    for (int i = 1; i < n; i++) {
      if (values[from + i] > values[from + best]) {
        best = i;
      }
    }
    return best;
  }

  @Override
  public Shape infer(Shape... inputs) {
    return inputs[0].requireRank(2, this);
  }

  @Override
  public void forward(Call call) {
    int cols = call.shape().channels();
    float[] values = new float[call.shape().size()];
    call.backend().read(call.in(0), values);
    float[] hot = new float[values.length];
    for (int row = 0; row < call.shape().rows(); row++) {
      hot[row * cols + argmax(values, row * cols, cols)] = 1;
    }
    call.backend().write(hot, call.out());
  }

  @Override
  public void backward(Call call) {
    Call.Grad dx = call.grad(0);
    call.backend().axpby(1, call.gradOut(), dx.add() ? 1 : 0, dx.buffer());
  }
}
