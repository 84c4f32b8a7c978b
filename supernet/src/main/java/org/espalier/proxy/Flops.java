package org.espalier.proxy;

import org.espalier.search.NetworkCost;
import org.espalier.tensor.Shape;

/** Multiply-adds of one image, forward, counted as {@link NetworkCost} does. */
record Flops() implements Proxy {
  @Override
  public String name() {
    return "flops";
  }

  @Override
  public String description() {
    return "multiply-adds of one image";
  }

  @Override
  public Reading book(Passes passes) {
    return Reading.of(() -> of(passes.subject()));
  }

  static double of(Subject subject) {
    Shape images = subject.images().shape();
    return NetworkCost.of(
            subject.space(), subject.genotype(), subject.size(), images.dim(1), images.dim(2))
        .multiplyAdds();
  }
}
