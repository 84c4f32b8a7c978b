package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.tensor.Shape;

/**
 * Mean softmax cross-entropy of logits [N, classes] against labels [N] (class indices), with label
 * smoothing (Szegedy et al. 2016): the target is 1 - s on the label plus s/classes on every class.
 * -> [1].
 */
public record CrossEntropy(float smoothing) implements Op {
  static final List<Sample> SAMPLES = List.of(sample(0f), sample(0.1f));

  private static Sample sample(float smoothing) {
    return new Sample(
        new CrossEntropy(smoothing),
        List.of(
            new Sample.Input(shape(6, 5), Sample.Values.NORMAL, true),
            new Sample.Input(shape(6), Sample.Values.LABELS, false)));
  }

  @Override
  public Shape infer(Shape... inputs) {
    Shape logits = inputs[0].requireRank(2, this);
    if (inputs[1].size() != logits.dim(0)) {
      throw new IllegalArgumentException(
          "cross entropy: logits " + logits + " but labels " + inputs[1]);
    }
    return Shape.of(1);
  }

  @Override
  public void forward(Call call) {
    Shape logits = call.shape(0);
    call.backend()
        .crossEntropy(
            logits.dim(0),
            logits.dim(1),
            smoothing,
            call.in(0),
            call.in(1),
            call.save(0, logits.size()),
            call.out());
  }

  @Override
  public void backward(Call call) {
    Shape logits = call.shape(0);
    Call.Grad dx = call.grad(0);
    call.backend()
        .crossEntropyGrad(
            logits.dim(0),
            logits.dim(1),
            smoothing,
            call.save(0, logits.size()),
            call.in(1),
            call.gradOut(),
            dx.buffer(),
            dx.add());
  }
}
