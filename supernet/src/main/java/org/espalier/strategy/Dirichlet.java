package org.espalier.strategy;

import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;

/**
 * A sample of Dirichlet(concentration) for each row of {@code [rows, k]}, as normalised gamma
 * variables, with the pathwise gradient of each gamma variable (implicit reparameterisation,
 * Figurnov et al. 2018).
 */
record Dirichlet(Rng rng) implements Op {
  /** Draws of one gamma variable before it is given up: the chance to get there is below 1e-100. */
  private static final int ATTEMPTS = 64;

  @Override
  public Shape infer(Shape... inputs) {
    return inputs[0].requireRank(2, this);
  }

  @Override
  public void forward(Call call) {
    int columns = call.shape().channels();
    float[] concentration = new float[call.shape().size()];
    call.backend().read(call.in(0), concentration);
    float[] gamma = new float[concentration.length];
    float[] sample = new float[concentration.length];
    for (int row = 0; row < call.shape().rows(); row++) {
      double sum = 0;
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        gamma[i] = (float) Math.max(gamma(concentration[i], rng.split(i)), Float.MIN_NORMAL);
        sum += gamma[i];
      }
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        sample[i] = (float) (gamma[i] / sum);
      }
    }
    call.backend().write(gamma, call.save(0, gamma.length));
    call.backend().write(sample, call.out());
  }

  /** With x_i = g_i / sum g: dL/dc_j = (dL/dx_j - sum_i x_i dL/dx_i) / sum g * dg_j/dc_j. */
  @Override
  public void backward(Call call) {
    int columns = call.shape().channels();
    int size = call.shape().size();
    float[] concentration = new float[size];
    float[] gamma = new float[size];
    float[] upstream = new float[size];
    call.backend().read(call.in(0), concentration);
    call.backend().read(call.save(0, size), gamma);
    call.backend().read(call.gradOut(), upstream);
    float[] gradient = new float[size];
    for (int row = 0; row < call.shape().rows(); row++) {
      double sum = 0;
      double dot = 0;
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        sum += gamma[i];
        dot += (double) gamma[i] * upstream[i];
      }
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        gradient[i] =
            (float) ((upstream[i] - dot / sum) / sum * gammaGrad(concentration[i], gamma[i]));
      }
    }
    var scratch = call.scratch(size);
    call.backend().write(gradient, scratch);
    Call.Grad dx = call.grad(0);
    call.backend().axpby(1, scratch, dx.add() ? 1 : 0, dx.buffer());
  }

  /**
   * A Gamma(shape, 1) variable (Marsaglia and Tsang 2000; below 1 by the boost of a variable of
   * shape + 1).
   */
  static double gamma(double shape, Rng rng) {
    if (shape < 1) {
      return gamma(shape + 1, rng.split(1)) * Math.pow(rng.uniformOpen(0), 1 / shape);
    }
    double d = shape - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      double x = rng.normal(2L * attempt);
      double v = Math.pow(1 + c * x, 3);
      if (v > 0
          && Math.log(rng.split(2).uniformOpen(attempt))
              < x * x / 2 + d - d * v + d * Math.log(v)) {
        return d * v;
      }
    }
    throw new IllegalStateException(
        "no gamma variable of shape " + shape + " in " + ATTEMPTS + " draws");
  }

  /**
   * dx/da of a Gamma(a, 1) variable at fixed probability, {@code -(dF/da)/p}. With F's series x^a
   * e^-x sum_n x^n / Gamma(a+n+1), term by term: {@code -x sum_n x^n/(a(a+1)...(a+n)) (log x -
   * digamma(a+n+1))}.
   */
  static double gammaGrad(double a, double x) {
    double logX = Math.log(x);
    double factor = 1 / a;
    double digamma = digamma(a + 1);
    double sum = 0;
    for (int n = 0; n < 10_000; n++) {
      double term = factor * (logX - digamma);
      sum += term;
      if (n > x && Math.abs(term) < 1e-17 * Math.abs(sum)) {
        break;
      }
      digamma += 1 / (a + n + 1);
      factor *= x / (a + n + 1);
    }
    return -x * sum;
  }

  /** By recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 6.3.18). */
  static double digamma(double x) {
    double result = 0;
    double at = x;
    for (; at < 10; at++) {
      result -= 1 / at;
    }
    double square = 1 / (at * at);
    return result
        + Math.log(at)
        - 1 / (2 * at)
        - square
            * (1.0 / 12
                - square
                    * (1.0 / 120 - square * (1.0 / 252 - square * (1.0 / 240 - square / 132))));
  }
}
