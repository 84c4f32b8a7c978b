package org.espalier.nn;

import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.tensor.Shape;

/** x w + b over [N, in]. */
public final class Linear implements Module {
  private final Parameter weight;
  private final Parameter bias;

  /** Declares it as {@code name} in {@code in}. */
  public Linear(ParameterArena.Namespace in, String name, int features, int out) {
    ParameterArena.Namespace own = in.child(name);
    weight = own.parameter("weight", Shape.of(features, out), Init.uniform(features));
    bias = own.parameter("bias", Shape.of(out), Init.uniform(features));
  }

  @Override
  public Tensor forward(Tape tape, Tensor x) {
    return tape.apply(new org.espalier.op.Linear(), x, weight.tensor(), bias.tensor());
  }
}
