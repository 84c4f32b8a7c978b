package org.espalier.op;

import java.util.List;
import org.espalier.autograd.Op;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;

/**
 * An operation with the inputs to try it on. Declared once beside the operation, it drives the
 * gradient check, the conformance of every back end and the micro-benchmarks.
 */
public record Sample(Op op, List<Input> inputs) {
  /** What the values of an input look like. */
  public enum Values {
    /** Standard normal. */
    NORMAL,
    /** Normal, at least 0.1 away from the kink at zero. */
    AWAY_FROM_ZERO,
    /** All different, 0.05 apart, in random order: no ties for a maximum. */
    DISTINCT,
    /** Uniform in [0.5, 1.5). */
    POSITIVE,
    /** Class indices 0, 1, 2. */
    LABELS
  }

  /**
   * One input.
   *
   * @param differentiable whether the operation has a gradient for it
   */
  public record Input(Shape shape, Values values, boolean differentiable) {
    /** The values, a function of the generator alone. */
    public float[] draw(Rng rng) {
      float[] values = new float[shape.size()];
      int[] order = values() == Values.DISTINCT ? rng.permutation(values.length) : new int[0];
      for (int i = 0; i < values.length; i++) {
        values[i] =
            switch (values()) {
              case NORMAL -> rng.normal(i);
              case AWAY_FROM_ZERO -> rng.normal(i) + Math.copySign(0.1f, rng.normal(i));
              case DISTINCT -> 0.05f * (order[i] - values.length / 2);
              case POSITIVE -> 0.5f + rng.uniform(i);
              case LABELS -> rng.below(i, 3);
            };
      }
      return values;
    }
  }

  /** A sample over normal inputs. */
  public static Sample of(Op op, Shape... shapes) {
    return of(op, Values.NORMAL, shapes);
  }

  /** A sample whose inputs are all alike. */
  public static Sample of(Op op, Values values, Shape... shapes) {
    return new Sample(
        op, java.util.Arrays.stream(shapes).map(s -> new Input(s, values, true)).toList());
  }

  /** A shape; to be imported statically where samples are declared. */
  static Shape shape(int... dims) {
    return Shape.of(dims);
  }

  @Override
  public String toString() {
    return op + " on " + inputs.stream().map(i -> i.shape().toString()).toList();
  }
}
