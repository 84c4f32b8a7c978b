package org.espalier.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Offset;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.parity.Fixture;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Dirichlet samples against the moments of the distribution. */
class DirichletTest {
  private static final int DRAWS = 20_000;

  /**
   * The farthest that a correct mean of {@link #DRAWS} may be from its expectation, in standard
   * errors.
   */
  private static final double SIGMAS = 5;

  /** From well below 1, where the density has poles, to well above. */
  private static final double[] CONCENTRATION = {0.3, 1, 2.5, 0.7, 8};

  private static final int K = CONCENTRATION.length;
  private static final double TOTAL = 12.5;

  private final Backend backend = new EjmlBackend();

  private Buffer concentrations() {
    float[] rows = new float[DRAWS * K];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (float) CONCENTRATION[i % K];
    }
    return buffer(rows);
  }

  private Buffer buffer(float[] values) {
    Buffer buffer = backend.memory().take(values.length);
    backend.write(values, buffer);
    return buffer;
  }

  @Test
  void meanAndVarianceAreThoseOfTheDistribution() {
    float[] samples;
    try (Tape tape = Tape.inference(backend)) {
      Tensor all = Tensor.constant(Shape.of(DRAWS, K), concentrations());
      samples = Fixture.read(backend, tape.apply(new Dirichlet(Rng.of(7)), all).data());
    }
    for (int k = 0; k < K; k++) {
      double mean = CONCENTRATION[k] / TOTAL;
      double variance = mean * (1 - mean) / (TOTAL + 1);
      Moments got = new Moments(samples, k);
      assertThat(got.mean).as("mean of x_%d", k).isCloseTo(mean, within(Math.sqrt(variance)));
      assertThat(got.variance)
          .as("variance of x_%d", k)
          .isCloseTo(variance, within(got.deviationOfSquare));
    }
  }

  /**
   * E[x_i] = c_i / sum c, so dE[x_i]/dc_j = (delta_ij sum c - c_i) / (sum c)^2: the mean of the
   * pathwise gradients.
   */
  @Test
  void thePathwiseGradientsAverageToTheDerivativeOfTheMean() {
    for (int i = 0; i < K; i++) {
      float[] upstream = new float[DRAWS * K];
      for (int row = 0; row < DRAWS; row++) {
        upstream[row * K + i] = 1;
      }
      Buffer gradient = backend.allocate(DRAWS * K);
      try (Tape tape = Tape.training(backend, Rng.of(0))) {
        Tensor all = Tensor.variable(Shape.of(DRAWS, K), concentrations(), gradient);
        tape.backwardFrom(tape.apply(new Dirichlet(Rng.of(11)), all), buffer(upstream));
      }
      float[] gradients = Fixture.read(backend, gradient);
      for (int j = 0; j < K; j++) {
        double wanted = ((i == j ? TOTAL : 0) - CONCENTRATION[i]) / (TOTAL * TOTAL);
        Moments got = new Moments(gradients, j);
        assertThat(got.mean)
            .as("dE[x_%d]/dc_%d", i, j)
            .isCloseTo(wanted, within(Math.sqrt(got.variance)));
      }
    }
  }

  @Test
  void aSampleDependsOnItsSeedAlone() {
    try (Tape tape = Tape.inference(backend)) {
      Tensor all = Tensor.constant(Shape.of(DRAWS, K), concentrations());
      float[] once = Fixture.read(backend, tape.apply(new Dirichlet(Rng.of(3)), all).data());
      float[] again = Fixture.read(backend, tape.apply(new Dirichlet(Rng.of(3)), all).data());
      float[] other = Fixture.read(backend, tape.apply(new Dirichlet(Rng.of(4)), all).data());
      assertThat(again).isEqualTo(once);
      assertThat(other).isNotEqualTo(once);
    }
  }

  private static Offset<Double> within(double deviation) {
    return Offset.offset(SIGMAS * deviation / Math.sqrt(DRAWS));
  }

  /** Of one column of {@code [DRAWS, K]}. */
  private static final class Moments {
    final double mean;
    final double variance;
    final double deviationOfSquare;

    Moments(float[] values, int column) {
      double sum = 0;
      for (int row = 0; row < DRAWS; row++) {
        sum += values[row * K + column];
      }
      mean = sum / DRAWS;
      double squares = 0;
      double fourths = 0;
      for (int row = 0; row < DRAWS; row++) {
        double square = Math.pow(values[row * K + column] - mean, 2);
        squares += square;
        fourths += square * square;
      }
      variance = squares / DRAWS;
      deviationOfSquare = Math.sqrt(fourths / DRAWS - variance * variance);
    }
  }
}
