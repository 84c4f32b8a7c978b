package org.espalier.proxy;

import java.util.function.Supplier;

/** snip (Lee et al. 2019, as Abdelfattah et al. 2021 sum it): sum of |w dL/dw|. */
record Snip() implements Proxy {
  @Override
  public String name() {
    return "snip";
  }

  @Override
  public String description() {
    return "sum of |w dL/dw|: connection sensitivity (Lee et al. 2019)";
  }

  @Override
  public Reading book(Passes passes) {
    Supplier<float[]> gradient = passes.lossGradient(0);
    Subject subject = passes.subject();
    return Reading.of(
        () -> subject.layers().sum(subject.weights(), gradient.get(), (w, g) -> Math.abs(w * g)));
  }
}
