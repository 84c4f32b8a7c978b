package org.espalier.check;

import java.util.List;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Conv;
import org.espalier.op.Sample;
import org.espalier.tensor.Rng;

/**
 * A back end against another that says what the kernels mean: kernel by kernel, and over the
 * samples of operations.
 */
public final class BackendConformance {
  private BackendConformance() {}

  /**
   * What the kernels must do. Those of probabilities are few enough for the samples of their
   * operations.
   *
   * @param rows that are more than what one thread, or one block of threads, works at
   * @param elements likewise, where there are no rows; at least 9000
   */
  public static Stream<KernelSpecification> kernels(int rows, int elements) {
    return Stream.of(
            ElementwiseKernels.specifications(elements),
            ReductionKernels.specifications(rows),
            NormKernels.specifications(rows),
            MixKernels.specifications(rows),
            PoolKernels.specifications(),
            SweepKernels.specifications(elements),
            ConvKernels.specifications())
        .flatMap(family -> family);
  }

  /**
   * What {@link #kernels} says of convolutions, for more geometries: where a back end goes ways of
   * its own.
   *
   * @param fans convolutions of one input each
   */
  public static Stream<KernelSpecification> convolutions(List<List<Conv>> fans) {
    return ConvKernels.specifications(fans);
  }

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
