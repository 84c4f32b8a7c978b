package org.espalier.proxy;

import java.util.List;
import java.util.function.Supplier;
import org.espalier.nn.Parameter;

/**
 * grasp (Wang et al. 2020, as Abdelfattah et al. 2021 sum it, temperature 1): the sum of -w (H g),
 * with the loss gradient g and the Hessian H of the layers' weights.
 *
 * <p>H is symmetric, so w (H g) = g (H w), and H w is a central difference of the gradient, between
 * (1 + eps) w and (1 - eps) w with eps = 0.01. The second derivative that automatic differentiation
 * gives knows nothing of ReLUs that switch; in a difference, the few that do outweigh all else. So
 * the passes of the difference hold every ReLU in the state that it has at w ({@link Gates}). What
 * remains is the error of a smooth function, eps^2/6 of its third derivative along w, and rounding,
 * about 2^-24/eps |g|^2: together below 1e-3 of |g|^2 + |score|, which the parity test holds it to.
 */
record Grasp() implements Proxy {
  private static final float EPS = 0.01f;

  @Override
  public String name() {
    return "grasp";
  }

  @Override
  public String description() {
    return "sum of -w (H g): gradient flow that the weights preserve (Wang et al. 2020)";
  }

  @Override
  public Reading book(Passes passes) {
    Supplier<float[]> gradient = passes.lossGradient(0);
    Subject subject = passes.subject();
    Gates gates = new Gates(subject);
    passes.onLossGradient(gates);
    return Reading.of(
        () -> {
          float[] up = gradient(subject, gates, 1 + EPS);
          float[] down = gradient(subject, gates, 1 - EPS);
          gates.release();
          float[] product = new float[up.length];
          for (int i = 0; i < product.length; i++) {
            product[i] = (up[i] - down[i]) / (2 * EPS);
          }
          return subject.layers().sum(gradient.get(), product, (g, hw) -> -g * hw);
        });
  }

  private static float[] gradient(Subject subject, Gates gates, float scale) {
    float[] weights = subject.weights();
    for (Parameter layer : subject.layers().weights()) {
      for (int i = 0; i < layer.shape().size(); i++) {
        weights[layer.offset() + i] *= scale;
      }
    }
    return subject.with(
        weights, () -> subject.lossGradient(subject.batches().getFirst(), List.of(gates.again())));
  }
}
