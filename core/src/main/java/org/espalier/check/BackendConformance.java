package org.espalier.check;

import org.espalier.backend.Backend;
import org.espalier.op.Sample;
import org.espalier.tensor.Rng;

/** A back end against another that says what the kernels mean, over an operation's samples. */
public final class BackendConformance {
  private BackendConformance() {}

  /**
   * The largest difference of the results and of all gradients, each relative to the largest value
   * of the oracle's.
   */
  public static double largestError(Backend backend, Backend oracle, Sample sample, long seed) {
    GradientCheck.Trial trial = GradientCheck.Trial.of(oracle, sample, Rng.of(seed));
    GradientCheck.Outcome wanted = trial.run(oracle);
    GradientCheck.Outcome got = trial.run(backend);
    double worst = distance(got.result(), wanted.result());
    for (int i = 0; i < wanted.gradients().size(); i++) {
      worst = Math.max(worst, distance(got.gradients().get(i), wanted.gradients().get(i)));
    }
    return worst;
  }

  /** max |a - b| / max |b|; infinite if either is not a number or the lengths differ. */
  public static double distance(float[] a, float[] b) {
    if (a.length != b.length) {
      return Double.POSITIVE_INFINITY;
    }
    double scale = 1e-6;
    double error = 0;
    for (int i = 0; i < b.length; i++) {
      scale = Math.max(scale, Math.abs(b[i]));
      double difference = Math.abs((double) a[i] - b[i]);
      error = difference <= error ? error : difference;
    }
    return Double.isNaN(error) ? Double.POSITIVE_INFINITY : error / scale;
  }
}
