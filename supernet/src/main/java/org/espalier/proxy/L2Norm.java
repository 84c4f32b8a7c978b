package org.espalier.proxy;

/** l2_norm (Abdelfattah et al. 2021): sum over the layers of the Euclidean norm of the weights. */
record L2Norm() implements Proxy {
  @Override
  public String name() {
    return "l2_norm";
  }

  @Override
  public String description() {
    return "norm of the weights, summed over the layers (Abdelfattah et al. 2021)";
  }

  @Override
  public Reading book(Passes passes) {
    Subject subject = passes.subject();
    float[] weights = subject.weights();
    return Reading.of(
        () -> subject.layers().sum(weights, weights, (w, same) -> w * same, Math::sqrt));
  }
}
