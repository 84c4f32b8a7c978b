package org.espalier.proxy;

import org.ejml.simple.SimpleMatrix;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;

/** Statistics over the channels of feature maps, all samples and pixels alike. */
final class FeatureMaps {
  private FeatureMaps() {}

  /**
   * Pearson's correlation between the channels; zero for channels that are constant.
   *
   * @param x {@code [N, H, W, C]}
   */
  static SimpleMatrix correlation(Subject subject, Tensor x) {
    return scaled(subject, x, new double[0]);
  }

  /** Covariance (population) between the channels. */
  static SimpleMatrix covariance(Subject subject, Tensor x) {
    int c = x.shape().channels();
    double[] deviations = new double[c];
    Buffer moments = moments(subject.backend(), x);
    float[] values = subject.read(moments);
    for (int i = 0; i < c; i++) {
      deviations[i] = Math.sqrt(values[c + i]);
    }
    subject.backend().memory().give(moments);
    return scaled(subject, x, deviations);
  }

  private static Buffer moments(Backend backend, Tensor x) {
    Buffer moments = backend.memory().take(2 * x.shape().channels());
    backend.moments(x.shape().rows(), x.shape().channels(), x.data(), moments);
    return moments;
  }

  /** The product of the standardised channels, times these deviations if there are any. */
  private static SimpleMatrix scaled(Subject subject, Tensor x, double[] deviations) {
    Backend backend = subject.backend();
    int rows = x.shape().rows();
    int c = x.shape().channels();
    Buffer moments = moments(backend, x);
    Buffer standard = backend.memory().take(rows * c);
    Buffer product = backend.memory().take(c * c);
    backend.normalize(rows, c, x.data(), moments, 0, null, null, standard);
    backend.gemm(true, false, c, c, rows, standard, standard, product, false);
    float[] sums = subject.read(product);
    float[] variances = subject.read(moments);
    backend.memory().give(moments);
    backend.memory().give(standard);
    backend.memory().give(product);
    SimpleMatrix matrix = new SimpleMatrix(c, c);
    for (int i = 0; i < c; i++) {
      for (int j = 0; j <= i; j++) {
        boolean constant = !(variances[c + i] > 0 && variances[c + j] > 0);
        double r = constant ? 0 : (double) sums[i * c + j] / rows;
        double value = deviations.length == 0 ? r : r * deviations[i] * deviations[j];
        matrix.set(i, j, value);
        matrix.set(j, i, value);
      }
    }
    return matrix;
  }
}
