package org.espalier.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.espalier.autograd.Tape;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.parity.Fixture;
import org.espalier.search.Configurations;
import org.espalier.tensor.Rng;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The controller and its REINFORCE step against PyTorch: with the published temperatures and
 * constants of each space, on four given architectures and rewards.
 */
class EnasParityTest {
  private static final double TOLERANCE = 1e-4;
  private static final Rng RNG = Rng.of(1);

  static Stream<Arguments> cases() {
    return Stream.of("nasbench201", "darts")
        .flatMap(space -> Fixture.backends().map(on -> Arguments.of(space, on)));
  }

  private static OneShot.Controller settings(Fixture fixture) {
    OneShot.Controller paper =
        Configurations.of(fixture.note("space"), Configurations.Preset.PAPER, List.of())
            .search()
            .oneShot()
            .controller();
    return new OneShot.Controller(
        Integer.parseInt(fixture.note("hidden")),
        paper.layers(),
        paper.biases(),
        paper.temperature(),
        paper.tanh(),
        paper.operationTanh(),
        0.0035f,
        0,
        1e-3f,
        0,
        Double.parseDouble(fixture.note("entropy_weight")),
        Double.parseDouble(fixture.note("decay")),
        false,
        1,
        fixture.file().entry("choices").shape()[0]);
  }

  private static Reinforce reinforce(Fixture fixture, Backend backend) {
    Reinforce reinforce = new Reinforce(fixture.space(), settings(fixture), backend, RNG);
    fixture.load("w/", reinforce.arena());
    return reinforce;
  }

  private static int[] choices(Fixture fixture, int sample) {
    float[] all = fixture.file().values("choices");
    int length = fixture.file().entry("choices").shape()[1];
    int[] choices = new int[length];
    Arrays.setAll(choices, i -> (int) all[sample * length + i]);
    return choices;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void logProbabilitiesAndEntropies(String space, Backend backend) {
    Fixture fixture = Fixture.of(space + "-enas");
    Reinforce reinforce = reinforce(fixture, backend);
    float[] logs = new float[settings(fixture).samples()];
    float[] surprises = new float[logs.length];
    float[] entropies = new float[logs.length];
    for (int i = 0; i < logs.length; i++) {
      try (Tape tape = Tape.inference(backend)) {
        LstmController.Walk walk = reinforce.controller().follow(tape, choices(fixture, i));
        assertThat(walk.choices()).isEqualTo(choices(fixture, i));
        logs[i] = (float) walk.logProbability();
        entropies[i] = (float) walk.entropy();
        surprises[i] = -Fixture.read(backend, walk.surprise().data())[0];
      }
    }
    fixture.assertTensor("log_probability", logs, TOLERANCE);
    fixture.assertTensor("log_probability", surprises, TOLERANCE);
    fixture.assertTensor("entropy", entropies, TOLERANCE);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossGradientsBaselineAndTheStepOfAdam(String space, Backend backend) {
    Fixture fixture = Fixture.of(space + "-enas");
    Reinforce reinforce = reinforce(fixture, backend);
    Buffer saved = Objects.requireNonNull(reinforce.buffers().get("state"));
    float[] state = new float[saved.size()];
    state[0] = Float.parseFloat(fixture.note("baseline"));
    backend.write(state, saved);
    reinforce.restore(0);
    float[] accuracies = fixture.file().values("accuracies");
    reinforce.step(
        0,
        (genotype, protocol) -> accuracies[(int) protocol.first()],
        (tape, sample) -> reinforce.controller().follow(tape, choices(fixture, sample)));
    float[] baselines = fixture.file().values("baseline");
    assertThat(reinforce.figures().get("baseline"))
        .isCloseTo(baselines[baselines.length - 1], within(1e-6));
    float loss = Objects.requireNonNull(reinforce.figures().get("loss")).floatValue();
    fixture.assertTensor("loss", new float[] {loss}, TOLERANCE);
    fixture.assertArena("gw/", reinforce.arena(), reinforce.arena().gradients(), TOLERANCE);
    fixture.assertArena("after/", reinforce.arena(), reinforce.arena().values(), TOLERANCE);
  }
}
