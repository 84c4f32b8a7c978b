package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.data.Batch;
import org.espalier.nn.ParameterArena;
import org.espalier.op.CrossEntropy;
import org.espalier.parity.Fixture;
import org.espalier.space.SearchSpace;
import org.espalier.strategy.Architecture;
import org.espalier.strategy.Draw;
import org.espalier.strategy.Strategies;
import org.espalier.strategy.Strategy;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Both supernets and both orders of bilevel optimisation against PyTorch. */
@Tag("device")
class SupernetParityTest {
  private static final double TOLERANCE = 1e-4;
  private static final double SECOND_ORDER_TOLERANCE = 1e-3;
  private static final Rng RNG = Rng.of(1);

  static Stream<Arguments> nets() {
    return Stream.of("nasbench201-supernet", "darts-supernet")
        .flatMap(name -> Fixture.backends().map(backend -> Arguments.of(name, backend)));
  }

  /** A fixture's supernet with its weights, alphas and batches. */
  private record Setting(
      Fixture fixture, SearchSpace space, Supernet supernet, Architecture architecture) {
    static Setting of(String name, Backend backend) {
      Fixture fixture = Fixture.of(name);
      SearchSpace space = fixture.space();
      Supernet supernet = Supernet.of(root -> space.supernet(root, fixture.size()), backend, RNG);
      Architecture architecture = new Architecture(space, backend, RNG);
      fixture.load("w/", supernet.weights());
      fixture.load("a/", architecture.arena());
      return new Setting(fixture, space, supernet, architecture);
    }

    Feed feed(Backend backend, String prefix) {
      float[] pixels = fixture.file().values(prefix + "input");
      float[] labels = fixture.file().values(prefix + "labels");
      return new Feed(backend, 8, 8, 3, labels.length)
          .load(new Batch(pixels, labels, labels.length));
    }

    Bilevel bilevel(Strategy strategy) {
      boolean nasbench = space.name().equals("nasbench201");
      Configuration.Search paper =
          Configurations.of(space.name(), Configurations.Preset.PAPER, java.util.List.of())
              .search();
      assertThat(paper.alphaFirst()).isEqualTo(!nasbench);
      return new Bilevel(space, strategy, supernet, architecture, paper);
    }
  }

  @ParameterizedTest
  @MethodSource("nets")
  void logitsLossAndEveryGradient(String name, Backend backend) {
    Setting setting = Setting.of(name, backend);
    Fixture fixture = setting.fixture;
    try (Tape tape = Tape.training(backend, RNG)) {
      Tensor logits =
          setting.supernet.logits(
              tape,
              fixture.tensor(backend, "input"),
              Strategies.of("darts")
                  .select(new Draw(tape, setting.space, setting.architecture.alphas(), 0, RNG)));
      Tensor loss = tape.apply(new CrossEntropy(0), logits, fixture.tensor(backend, "labels"));
      fixture.assertTensor("logits", backend, logits.data(), TOLERANCE);
      fixture.assertTensor("loss", backend, loss.data(), TOLERANCE);
      tape.backward(loss);
    }
    ParameterArena weights = setting.supernet.weights();
    fixture.assertArena("gw/", weights, weights.gradients(), TOLERANCE);
    ParameterArena alphas = setting.architecture.arena();
    fixture.assertArena("ga/", alphas, alphas.gradients(), TOLERANCE);
  }

  @ParameterizedTest
  @MethodSource("nets")
  void twoFirstOrderSteps(String name, Backend backend) {
    twoSteps(Setting.of(name, backend), backend, Strategies.of("darts"), "first", TOLERANCE);
  }

  @ParameterizedTest
  @MethodSource("nets")
  void twoSecondOrderSteps(String name, Backend backend) {
    twoSteps(
        Setting.of(name, backend),
        backend,
        Strategies.of("darts-2nd"),
        "second",
        SECOND_ORDER_TOLERANCE);
  }

  /**
   * Step 1 on (input, valid), step 2 on the two swapped; learning rates are the papers' first ones.
   */
  private static void twoSteps(
      Setting setting, Backend backend, Strategy strategy, String order, double tolerance) {
    Bilevel bilevel = setting.bilevel(strategy);
    Feed one = setting.feed(backend, "");
    Feed two = setting.feed(backend, "valid.");
    boolean alphaFirst = setting.space.name().equals("darts");
    Bilevel.Moment moment = new Bilevel.Moment(0, RNG);
    for (int step = 1; step <= 2; step++) {
      Feed train = step == 1 ? one : two;
      Feed valid = step == 1 ? two : one;
      if (!alphaFirst) {
        bilevel.weightStep(train, moment, 0.025f);
      }
      bilevel.architectureStep(train, valid, moment, 0.025f, 3e-4f);
      ParameterArena alphas = setting.architecture.arena();
      String at = order + "/" + step;
      setting.fixture.assertArena(at + "/ga/", alphas, alphas.gradients(), tolerance);
      setting.fixture.assertArena(at + "/a/", alphas, alphas.values(), tolerance);
      if (alphaFirst) {
        bilevel.weightStep(train, moment, 0.025f);
      }
      if (setting.fixture.file().tensors().keySet().stream()
          .anyMatch(n -> n.startsWith(at + "/w/"))) {
        setting.fixture.assertArena(
            at + "/w/", setting.supernet.weights(), setting.supernet.weights().values(), tolerance);
      } else {
        assertThat(step).as("the fixture leaves out the weights after step 1 only").isEqualTo(1);
      }
    }
  }
}
