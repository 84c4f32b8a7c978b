package org.espalier.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.stream.Stream;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.check.BackendConformance;
import org.espalier.nn.Parameter;
import org.espalier.op.CrossEntropy;
import org.espalier.parity.Fixture;
import org.espalier.supernet.Selection;
import org.espalier.supernet.Selections;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** GDAS against PyTorch, for given Gumbel noise and the temperature 2. */
@Tag("device")
class GdasParityTest {
  private static final double TOLERANCE = 1e-4;
  private static final Rng RNG = Rng.of(1);

  private final Fixture gdas = Fixture.of("nasbench201-gdas");
  private final Fixture net = Fixture.of("nasbench201-supernet");
  private final float temperature = Float.parseFloat(gdas.note("tau"));

  static Stream<Backend> backends() {
    return Fixture.backends();
  }

  private Architecture architecture(Backend backend) {
    Architecture architecture = new Architecture(net.space(), backend, RNG);
    net.load("a/", architecture.arena());
    return architecture;
  }

  @ParameterizedTest
  @MethodSource("backends")
  void theHardSampleIsTheLargestOfEachRow(Backend backend) {
    Architecture architecture = architecture(backend);
    try (Tape tape = Tape.training(backend, RNG)) {
      Gdas.Sample sample = sample(tape, architecture);
      gdas.assertTensor("hard", backend, sample.gates().data(), 1e-9);
      float[] chosen = gdas.file().values("chosen");
      for (int edge = 0; edge < chosen.length; edge++) {
        assertThat(sample.chosen()[edge]).as("edge %d", edge).isEqualTo((int) chosen[edge]);
      }
    }
  }

  private Gdas.Sample sample(Tape tape, Architecture architecture) {
    return Gdas.sample(
        tape, architecture.alphas().getFirst(), gdas.file().values("gumbel"), temperature);
  }

  /**
   * The soft sample shows itself in the gradient of the hard one: {@code s_k (u_k - sum_j s_j u_j)
   * / tau}.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void theGradientOfTheHardSampleIsThatOfTheSoftOne(Backend backend) {
    Architecture architecture = architecture(backend);
    float[] upstream = new float[30];
    for (int i = 0; i < upstream.length; i++) {
      upstream[i] = RNG.normal(i);
    }
    try (Tape tape = Tape.training(backend, RNG)) {
      Tensor gates = sample(tape, architecture).gates();
      tape.backwardFrom(gates, buffer(backend, upstream));
    }
    float[] wanted = softmaxGradient(gdas.file().values("soft"), upstream, temperature);
    float[] got = Fixture.read(backend, architecture.arena().gradients());
    assertThat(BackendConformance.distance(got, wanted)).isLessThan(TOLERANCE);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void lossAndAllGradientsThoseOfUnselectedOperationsIncluded(Backend backend) {
    Supernet supernet = Supernet.of(root -> net.space().supernet(root, net.size()), backend, RNG);
    net.load("w/", supernet.weights());
    Architecture architecture = architecture(backend);
    try (Tape tape = Tape.training(backend, RNG)) {
      Gdas.Sample sample = sample(tape, architecture);
      Selections selections =
          (kind, edge) -> new Selection.One(sample.chosen()[edge], sample.gates(), edge);
      Tensor logits = supernet.logits(tape, net.tensor(backend, "input"), selections);
      Tensor loss = tape.apply(new CrossEntropy(0), logits, net.tensor(backend, "labels"));
      gdas.assertTensor("logits", backend, logits.data(), TOLERANCE);
      gdas.assertTensor("loss", backend, loss.data(), TOLERANCE);
      tape.backward(loss);
    }
    gdas.assertArena("ga/", architecture.arena(), architecture.arena().gradients(), TOLERANCE);
    assertWeightGradients(backend, supernet);
  }

  /** The fixture holds those of the selected operations; all others must be zero. */
  private void assertWeightGradients(Backend backend, Supernet supernet) {
    float[] got = Fixture.read(backend, supernet.weights().gradients());
    float[] wanted = new float[got.length];
    int unselected = 0;
    for (Parameter parameter : supernet.weights().parameters()) {
      String name = "gw/" + parameter.name();
      if (gdas.file().tensors().containsKey(name)) {
        float[] values = gdas.file().values(name);
        System.arraycopy(values, 0, wanted, parameter.offset(), values.length);
      } else {
        unselected++;
        for (int i = 0; i < parameter.shape().size(); i++) {
          assertThat(got[parameter.offset() + i]).as(parameter.name()).isZero();
        }
      }
    }
    assertThat(unselected).isPositive();
    assertThat(BackendConformance.distance(got, wanted)).isLessThan(TOLERANCE);
  }

  /** tau falls from 10 to 0.1 in a straight line (Dong and Yang 2019); it divides the gradient. */
  @ParameterizedTest
  @CsvSource({"0, 10", "0.25, 7.525", "0.5, 5.05", "1, 0.1"})
  void theTemperatureFallsLinearly(double progress, double expected) {
    Backend backend = new EjmlBackend();
    Architecture architecture = architecture(backend);
    float[] alpha = net.file().values("a/alpha.cell");
    float[] upstream = new float[30];
    double[] logits = new double[30];
    for (int i = 0; i < 30; i++) {
      upstream[i] = RNG.normal(i);
      logits[i] = (alpha[i] + RNG.split(0).gumbel(i)) / expected;
    }
    try (Tape tape = Tape.training(backend, RNG)) {
      Selections selections =
          new Gdas().select(new Draw(tape, net.space(), architecture.alphas(), progress, RNG));
      Tensor gates = Objects.requireNonNull(((Selection.One) selections.at(0, 0)).weights());
      tape.backwardFrom(gates, buffer(backend, upstream));
    }
    float[] wanted = softmaxGradient(softmax(logits), upstream, expected);
    float[] got = Fixture.read(backend, architecture.arena().gradients());
    assertThat(BackendConformance.distance(got, wanted)).isLessThan(TOLERANCE);
  }

  private static float[] softmax(double[] logits) {
    float[] soft = new float[logits.length];
    for (int row = 0; row < logits.length; row += 5) {
      double sum = 0;
      for (int k = row; k < row + 5; k++) {
        sum += Math.exp(logits[k]);
      }
      for (int k = row; k < row + 5; k++) {
        soft[k] = (float) (Math.exp(logits[k]) / sum);
      }
    }
    return soft;
  }

  private static float[] softmaxGradient(float[] soft, float[] upstream, double temperature) {
    float[] gradient = new float[soft.length];
    for (int row = 0; row < soft.length; row += 5) {
      double dot = 0;
      for (int k = row; k < row + 5; k++) {
        dot += (double) soft[k] * upstream[k];
      }
      for (int k = row; k < row + 5; k++) {
        gradient[k] = (float) (soft[k] * (upstream[k] - dot) / temperature);
      }
    }
    return gradient;
  }

  private static Buffer buffer(Backend backend, float[] values) {
    Buffer buffer = backend.memory().take(values.length);
    backend.write(values, buffer);
    return buffer;
  }
}
