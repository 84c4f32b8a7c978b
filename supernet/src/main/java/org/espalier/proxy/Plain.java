package org.espalier.proxy;

import java.util.function.Supplier;

/**
 * plain (Abdelfattah et al. 2021), with the other sign: the sum of -w dL/dw, by which the loss
 * rises, to first order, when all weights go to zero. Published as the sum of w dL/dw, where
 * smaller is better.
 */
record Plain() implements Proxy {
  @Override
  public String name() {
    return "plain";
  }

  @Override
  public String description() {
    return "sum of -w dL/dw: what the weights are worth, to first order (published without the -)";
  }

  @Override
  public Reading book(Passes passes) {
    Supplier<float[]> gradient = passes.lossGradient(0);
    Subject subject = passes.subject();
    return Reading.of(
        () -> subject.layers().sum(subject.weights(), gradient.get(), (w, g) -> -w * g));
  }
}
