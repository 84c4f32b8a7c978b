package org.espalier.proxy;

import java.util.function.Supplier;

/**
 * grad_norm (Abdelfattah et al. 2021): sum over the layers of the Euclidean norm of the loss
 * gradient.
 */
record GradNorm() implements Proxy {
  @Override
  public String name() {
    return "grad_norm";
  }

  @Override
  public String description() {
    return "norm of the loss gradient, summed over the layers (Abdelfattah et al. 2021)";
  }

  @Override
  public Reading book(Passes passes) {
    Supplier<float[]> gradient = passes.lossGradient(0);
    Layers layers = passes.subject().layers();
    return Reading.of(
        () -> layers.sum(gradient.get(), gradient.get(), (g, same) -> g * same, Math::sqrt));
  }
}
