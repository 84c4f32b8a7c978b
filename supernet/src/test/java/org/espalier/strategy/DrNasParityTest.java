package org.espalier.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.op.Add;
import org.espalier.op.CrossEntropy;
import org.espalier.op.Elu;
import org.espalier.parity.Fixture;
import org.espalier.supernet.Selection;
import org.espalier.supernet.Selections;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** DrNAS against PyTorch, for given gamma variables. */
@Tag("device")
class DrNasParityTest {
  private static final double TOLERANCE = 1e-4;
  private static final Rng RNG = Rng.of(1);

  private final Fixture drnas = Fixture.of("nasbench201-drnas");
  private final Fixture net = Fixture.of("nasbench201-supernet");

  static Stream<Backend> backends() {
    return Fixture.backends();
  }

  /**
   * {@link Dirichlet} with the gamma variables given: its backward pass, behind a forward pass that
   * draws nothing.
   */
  private record Given(float[] gamma) implements Op {
    @Override
    public Shape infer(Shape... inputs) {
      return inputs[0];
    }

    @Override
    public void forward(Call call) {
      int columns = call.shape().channels();
      float[] sample = new float[gamma.length];
      for (int row = 0; row < gamma.length; row += columns) {
        double sum = 0;
        for (int i = row; i < row + columns; i++) {
          sum += gamma[i];
        }
        for (int i = row; i < row + columns; i++) {
          sample[i] = (float) (gamma[i] / sum);
        }
      }
      call.backend().write(gamma, call.save(0, gamma.length));
      call.backend().write(sample, call.out());
    }

    @Override
    public void backward(Call call) {
      new Dirichlet(RNG).backward(call);
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void fromAlphaThroughTheSampleToTheLossAndBack(Backend backend) {
    Supernet supernet = Supernet.of(root -> net.space().supernet(root, net.size()), backend, RNG);
    net.load("w/", supernet.weights());
    Architecture architecture = new Architecture(net.space(), backend, RNG);
    net.load("a/", architecture.arena());
    try (Tape tape = Tape.training(backend, RNG)) {
      Tensor alpha = architecture.alphas().getFirst();
      Tensor concentration =
          tape.apply(new Add(), tape.apply(new Elu(), alpha), tape.filled(alpha.shape(), 1));
      drnas.assertTensor("concentration", backend, concentration.data(), TOLERANCE);
      Tensor weights = tape.apply(new Given(drnas.file().values("sample")), concentration);
      drnas.assertTensor("weights", backend, weights.data(), TOLERANCE);
      Selections selections = (kind, edge) -> new Selection.All(weights, edge);
      Tensor logits = supernet.logits(tape, net.tensor(backend, "input"), selections);
      Tensor loss = tape.apply(new CrossEntropy(0), logits, net.tensor(backend, "labels"));
      drnas.assertTensor("logits", backend, logits.data(), TOLERANCE);
      drnas.assertTensor("loss", backend, loss.data(), TOLERANCE);
      tape.backward(loss);
    }
    drnas.assertArena("ga/", architecture.arena(), architecture.arena().gradients(), TOLERANCE);
  }

  /**
   * In DrNAS' own {@code select} too: alpha is zero, all concentrations are one, the rows lie on
   * the simplex.
   */
  @ParameterizedTest
  @MethodSource("backends")
  void whatIsSelectedIsASampleAndIsDifferentiable(Backend backend) {
    Architecture architecture = new Architecture(net.space(), backend, RNG);
    try (Tape tape = Tape.training(backend, RNG)) {
      Selections selections =
          new DrNas("drnas", false)
              .select(new Draw(tape, net.space(), architecture.alphas(), 0, RNG));
      Tensor weights = ((Selection.All) selections.at(0, 0)).weights();
      float[] values = Fixture.read(backend, weights.data());
      for (int edge = 0; edge < 6; edge++) {
        double sum = 0;
        for (int k = 0; k < 5; k++) {
          assertThat(values[5 * edge + k]).isBetween(0f, 1f);
          sum += values[5 * edge + k];
        }
        assertThat(sum).isCloseTo(1, org.assertj.core.data.Offset.offset(1e-6));
      }
      assertThat(weights.requiresGrad()).isTrue();
    }
  }

  @Test
  void strengthsAreTheMeanOfTheDirichletDistribution() {
    float[] alpha = net.file().values("a/alpha.cell");
    float[] concentration = drnas.file().values("concentration");
    for (int edge = 0; edge < 6; edge++) {
      float[] row = java.util.Arrays.copyOfRange(alpha, 5 * edge, 5 * edge + 5);
      double sum = 0;
      for (int k = 0; k < 5; k++) {
        sum += concentration[5 * edge + k];
      }
      float[] mean = new DrNas("drnas", false).strengths(new float[][] {row})[0];
      for (int k = 0; k < 5; k++) {
        assertThat((double) mean[k])
            .isCloseTo(
                concentration[5 * edge + k] / sum, org.assertj.core.data.Offset.offset(1e-6));
      }
    }
  }

  @Test
  void theGradientOfAGammaVariableIsTheIntegral() {
    float[] table = drnas.file().values("gamma_grad");
    List<String> wrong = new ArrayList<>();
    for (int i = 0; i < table.length; i += 3) {
      double got = Dirichlet.gammaGrad(table[i], table[i + 1]);
      if (!(Math.abs(got - table[i + 2]) <= 1e-6 * Math.abs(table[i + 2]))) {
        wrong.add(
            "a=%s x=%s: %s instead of %s".formatted(table[i], table[i + 1], got, table[i + 2]));
      }
    }
    assertThat(table).hasSize(600);
    assertThat(wrong).isEmpty();
  }
}
