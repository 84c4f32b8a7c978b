package org.espalier.proxy;

import java.util.Arrays;
import java.util.function.Supplier;

/**
 * jacov (Mellor et al. 2020, first version): how differently a network reacts to different images.
 * With the eigenvalues l of the correlation matrix of the images' Jacobians of the summed logits,
 * -sum(log(l + k) + 1/(l + k)), k = 1e-5.
 */
record JacobCov() implements Proxy {
  private static final double K = 1e-5;

  @Override
  public String name() {
    return "jacov";
  }

  @Override
  public String description() {
    return "how little the input Jacobians of different images correlate (Mellor et al. 2020)";
  }

  @Override
  public Reading book(Passes passes) {
    Supplier<float[]> gradient = passes.inputGradient();
    int n = passes.subject().images().shape().dim(0);
    return Reading.of(
        () -> {
          double sum = 0;
          for (double l : Correlations.eigenvalues(Correlations.ofRows(rows(gradient.get(), n)))) {
            sum -= Math.log(l + K) + 1 / (l + K);
          }
          return sum;
        });
  }

  /** The Jacobian of each image. */
  static float[][] rows(float[] gradient, int n) {
    int length = gradient.length / n;
    float[][] rows = new float[n][];
    for (int i = 0; i < n; i++) {
      rows[i] = Arrays.copyOfRange(gradient, i * length, (i + 1) * length);
    }
    return rows;
  }
}
