package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.ArrayList;
import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.backend.Buffer;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * Batch normalisation (Ioffe and Szegedy 2015) of x [..., C]. Inputs, in this order: x; the moments
 * [2, C] to use, unless {@code batch}, which uses and differentiates through those of x; gamma [C]
 * and beta [C], if {@code affine}.
 */
public record BatchNorm(float eps, boolean batch, boolean affine) implements Op {
  static final List<Sample> SAMPLES = samples();

  private static List<Sample> samples() {
    List<Sample> samples = new ArrayList<>();
    for (int c : new int[] {1, 3, 8, 16, 20, 48}) {
      Shape x = shape(2, 3, 3, c);
      samples.add(Sample.of(new BatchNorm(1e-5f, true, false), x));
      samples.add(Sample.of(new BatchNorm(1e-5f, true, true), x, shape(c), shape(c)));
      samples.add(
          new Sample(
              new BatchNorm(1e-5f, false, true),
              List.of(
                  new Sample.Input(x, Sample.Values.NORMAL, true),
                  new Sample.Input(shape(2, c), Sample.Values.POSITIVE, false),
                  new Sample.Input(shape(c), Sample.Values.NORMAL, true),
                  new Sample.Input(shape(c), Sample.Values.NORMAL, true))));
    }
    return samples;
  }

  @Override
  public Shape infer(Shape... inputs) {
    int wanted = 1 + (batch ? 0 : 1) + (affine ? 2 : 0);
    if (inputs.length != wanted) {
      throw new IllegalArgumentException(
          this + ": " + inputs.length + " inputs given, " + wanted + " wanted");
    }
    for (int i = 1; i < inputs.length; i++) {
      if (inputs[i].channels() != inputs[0].channels()) {
        throw new IllegalArgumentException(
            "batch norm: input "
                + inputs[0]
                + " has "
                + inputs[0].channels()
                + " channels, "
                + inputs[i]
                + " is for "
                + inputs[i].channels());
      }
    }
    return inputs[0];
  }

  private Buffer moments(Call call) {
    return batch ? call.moments(0) : call.in(1);
  }

  private int gamma() {
    return batch ? 1 : 2;
  }

  @Override
  public void forward(Call call) {
    Shape x = call.shape(0);
    call.backend()
        .normalize(
            x.rows(),
            x.channels(),
            call.in(0),
            moments(call),
            eps,
            affine ? call.in(gamma()) : null,
            affine ? call.in(gamma() + 1) : null,
            call.out());
  }

  @Override
  public void backward(Call call) {
    Shape x = call.shape(0);
    Buffer coefficients = call.coefficients(0);
    call.backend()
        .normalizeGrad(
            x.rows(),
            x.channels(),
            call.in(0),
            moments(call),
            eps,
            batch,
            affine ? call.in(gamma()) : null,
            call.gradOut(),
            coefficients,
            sum(call, gamma()),
            sum(call, gamma() + 1));
    if (call.needs(0)) {
      call.deliver(0, coefficients);
    } else {
      call.backend().memory().give(coefficients);
    }
  }

  private @Nullable Buffer sum(Call call, int input) {
    if (!affine || !call.needs(input)) {
      return null;
    }
    Call.Grad grad = call.grad(input);
    if (!grad.add()) {
      call.backend().fill(grad.buffer(), 0);
    }
    return grad.buffer();
  }
}
