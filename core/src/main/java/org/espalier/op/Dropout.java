package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;

/**
 * Sets elements to zero with probability p and divides the others by 1 - p: single elements
 * (dropout), or with {@code wholeSamples} all of a sample at once (drop path).
 *
 * @param rng where the draws come from
 */
public record Dropout(float p, boolean wholeSamples, Rng rng) implements Op {
  static final List<Sample> SAMPLES =
      List.of(
          Sample.of(new Dropout(0.3f, false, new Rng(7, 1)), shape(3, 4, 4, 5)),
          Sample.of(new Dropout(0.5f, true, new Rng(7, 2)), shape(8, 2, 2, 3)));

  @Override
  public Shape infer(Shape... inputs) {
    if (p < 0 || p >= 1) {
      throw new IllegalArgumentException("dropout: probability " + p + " is not in [0, 1)");
    }
    return inputs[0];
  }

  private int group(Shape x) {
    return wholeSamples ? x.inner(0) : 1;
  }

  @Override
  public void forward(Call call) {
    call.backend()
        .dropout(p, group(call.shape()), rng.seed(), rng.stream(), call.in(0), call.out(), false);
  }

  @Override
  public void backward(Call call) {
    Call.Grad dx = call.grad(0);
    call.backend()
        .dropout(
            p,
            group(call.shape()),
            rng.seed(),
            rng.stream(),
            call.gradOut(),
            dx.buffer(),
            dx.add());
  }
}
