package org.espalier.supernet;

import java.util.ArrayList;
import java.util.List;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
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
  private @Nullable Tensor weights;

  /** An empty sum of tensors of {@code shape}. */
  public NodeSum(Tape tape, Shape shape) {
    this.tape = tape;
    this.shape = shape;
  }

  /** Adds a value as it is. */
  void add(Tensor value, boolean normalize) {
    add(value, new MixedSum.Term(MixedSum.UNIT, normalize, true));
  }

  private void add(Tensor value, MixedSum.Term term) {
    if (term.normalize()) {
      tape.expectMoments(value);
    }
    terms.add(term);
    values.add(value);
  }

  /** Adds a value times entry {@code (row, column)} of the weights. */
  void add(Tensor value, boolean normalize, Tensor of, int row, int column) {
    add(value, new MixedSum.Term(index(of, row, column), normalize, true));
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
    if (values.isEmpty()) {
      Tensor zero = tape.filled(shape, 0);
      if (terms.isEmpty()) {
        return zero;
      }
      add(zero, false);
    }
    Tensor[] inputs = new Tensor[values.size() + 1];
    inputs[0] = weights == null ? tape.filled(Shape.of(1), 1) : weights;
    for (int i = 0; i < values.size(); i++) {
      inputs[i + 1] = values.get(i);
    }
    return tape.apply(new MixedSum(List.copyOf(terms), BatchNorm2d.EPS), inputs);
  }
}
