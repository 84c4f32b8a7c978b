package org.espalier.proxy;

import java.util.Arrays;
import java.util.List;
import org.espalier.autograd.Observer;
import org.espalier.autograd.Op;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.nn.Parameter;
import org.espalier.op.BatchNorm;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * synflow (Tanaka et al. 2020): log of the sum of |w dR/dw|, where R is the sum of the logits of an
 * image of ones, all parameters are replaced by their absolute values, and batch normalisations are
 * left out.
 *
 * <p>R reaches 1e61 and more. It is proportional to the image, but for the bias of the classifier,
 * which is set to zero since no gradient depends on it. So the image is scaled by about R^-1/2 and
 * the gradient of R by the same: what lies between stays within the square root of R, and float32
 * serves up to R = 1e68.
 */
record SynFlow() implements Proxy {
  /** Of the image in the pass that finds R's order of magnitude, as a power of two. */
  private static final int FAINT = -100;

  private static final Observer WITHOUT_NORMS =
      new Observer() {
        @Override
        public @Nullable Tensor instead(Tape tape, Op op, Tensor... inputs) {
          return op instanceof BatchNorm ? inputs[0] : null;
        }
      };

  @Override
  public String name() {
    return "synflow";
  }

  @Override
  public String description() {
    return "log of the sum of |w dR/dw| of the linearised network, without data (Tanaka et al."
        + " 2020)";
  }

  @Override
  public Reading book(Passes passes) {
    return Reading.of(() -> of(passes.subject()));
  }

  private static double of(Subject subject) {
    float[] weights = subject.weights();
    for (int i = 0; i < weights.length; i++) {
      weights[i] = Math.abs(weights[i]);
    }
    for (Parameter parameter : subject.arena().parameters()) {
      if (parameter.name().endsWith("bias")) {
        Arrays.fill(weights, parameter.offset(), parameter.offset() + parameter.shape().size(), 0);
      }
    }
    return subject.with(weights, () -> flow(subject, weights));
  }

  private static double flow(Subject subject, float[] weights) {
    double sum = 0;
    subject.arena().differentiate(false);
    try (Tape tape = subject.tape(List.of(WITHOUT_NORMS))) {
      for (float logit : subject.read(subject.logits(tape, ones(subject, FAINT)).data())) {
        sum += logit;
      }
    }
    if (!(sum > 0)) {
      return Double.NaN; // the logits do not depend on the image
    }
    int half = -(Math.getExponent(sum) - FAINT) / 2;
    float[] upstream = new float[subject.size().classes()];
    Arrays.fill(upstream, Math.scalb(1f, half));
    float[] gradient =
        subject.logitGradient(subject.tape(List.of(WITHOUT_NORMS)), ones(subject, half), upstream);
    double flow = subject.layers().sum(weights, gradient, (w, g) -> Math.abs(w * g));
    return Math.log(flow) - 2 * half * Math.log(2);
  }

  private static Tensor ones(Subject subject, int exponent) {
    Shape one = subject.images().shape().with(0, 1);
    return subject.tensor(one, i -> Math.scalb(1.0, exponent));
  }
}
