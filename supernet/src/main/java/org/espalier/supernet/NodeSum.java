package org.espalier.supernet;

import java.util.ArrayList;
import java.util.List;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.candidate.Branch;
import org.espalier.nn.BatchNorm2d;
import org.espalier.op.MixedSum;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** Collects what the incoming edges of a node contribute, and sums it in one operation. */
public final class NodeSum {
  private final Tape tape;
  private final Shape shape;
  private final List<MixedSum.Term> terms = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();
  private final List<Runnable> rests = new ArrayList<>();
  private @Nullable Tensor weights;

  /** An empty sum of tensors of {@code shape}. */
  public NodeSum(Tape tape, Shape shape) {
    this.tape = tape;
    this.shape = shape;
  }

  /** Adds what a branch makes of {@code x}. */
  void add(Branch branch, Tensor x) {
    add(branch, x, MixedSum.UNIT);
  }

  /** Adds what a branch makes of {@code x} times entry {@code (row, column)} of the weights. */
  void add(Branch branch, Tensor x, Tensor of, int row, int column) {
    add(branch, x, index(of, row, column));
  }

  private void add(Branch branch, Tensor x, int weight) {
    Tensor body = branch.body().forward(tape, x);
    if (branch.rest() == null) {
      add(branch.raw(tape, body), weight, branch.foldable());
    } else { // when all that reads x has begun
      rests.add(() -> add(branch.raw(tape, body), weight, branch.foldable()));
    }
  }

  private void add(Tensor value, int weight, boolean normalize) {
    if (normalize) {
      tape.expectMoments(value);
    }
    terms.add(new MixedSum.Term(weight, normalize, true));
    values.add(value);
  }

  /** Notes a candidate that was not computed but whose weight takes part. */
  void skip(Tensor of, int row, int column) {
    terms.add(new MixedSum.Term(index(of, row, column), false, false));
  }

  private int index(Tensor of, int row, int column) {
    if (weights != null && weights != of) {
      throw new IllegalStateException("the edges of one node must share one tensor of weights");
    }
    weights = of;
    return row * of.shape().channels() + column;
  }

  /** The sum; zero where nothing was added. */
  public Tensor total() {
    rests.forEach(Runnable::run);
    rests.clear();
    if (values.isEmpty()) {
      Tensor zero = tape.filled(shape, 0);
      if (terms.isEmpty()) {
        return zero;
      }
      add(zero, MixedSum.UNIT, false);
    }
    Tensor[] inputs = new Tensor[values.size() + 1];
    inputs[0] = weights == null ? tape.filled(Shape.of(1), 1) : weights;
    for (int i = 0; i < values.size(); i++) {
      inputs[i + 1] = values.get(i);
    }
    return tape.apply(new MixedSum(List.copyOf(terms), BatchNorm2d.EPS), inputs);
  }
}
