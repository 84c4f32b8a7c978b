package org.espalier.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.espalier.autograd.Tape;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.parity.Fixture;
import org.espalier.search.Configurations;
import org.espalier.space.Gene;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a controller draws, and how it learns. */
class ReinforceTest {
  private static final Rng RNG = Rng.of(6);

  private final Backend backend = Fixture.backends().toList().getLast();

  private static OneShot.Controller published(String space) {
    return Configurations.of(space, Configurations.Preset.PAPER, List.of())
        .search()
        .oneShot()
        .controller();
  }

  /** Published: some thousand steps. Here: a few, each of some length whatever the gradient. */
  private static OneShot.Controller faster(String space, int steps, int samples) {
    OneShot.Controller p = published(space);
    return new OneShot.Controller(
        p.hidden(),
        p.layers(),
        p.biases(),
        p.temperature(),
        p.tanh(),
        p.operationTanh(),
        0.01f,
        p.beta1(),
        1e-6f,
        p.clip(),
        p.entropy(),
        p.baselineDecay(),
        p.frozenBaseline(),
        steps,
        samples);
  }

  /** By the controller itself, the choices it draws are as likely as it draws them. */
  @ParameterizedTest
  @ValueSource(strings = {"nasbench201", "darts"})
  void whatItDrawsIsAsLikelyAsItSays(String name) {
    SearchSpace space = Spaces.of(name);
    Reinforce reinforce = new Reinforce(space, published(name), backend, RNG);
    Map<Integer, Integer> drawn = new HashMap<>();
    double expected = 0;
    int samples = 300;
    for (int i = 0; i < samples; i++) {
      try (Tape tape = Tape.inference(backend)) {
        LstmController.Walk walk = reinforce.controller().sample(tape, RNG.split(i));
        drawn.merge(walk.choices()[0], 1, Integer::sum);
        expected += walk.logProbability() + walk.entropy();
        LstmController.Walk again = reinforce.controller().follow(tape, walk.choices());
        assertThat(again.logProbability()).isEqualTo(walk.logProbability());
      }
    }
    assertThat(drawn).as("first choices").hasSize(space.decisions().getFirst().options());
    // log p + H has mean zero where the entropy on the way does not depend on the way, nearly so.
    assertThat(expected / samples).as("mean of log p plus entropy").isCloseTo(0, within(0.15));
  }

  /** As published for the micro space: of the operations, separable convolutions come first. */
  @Test
  void aFreshControllerOfTheMicroSpacePrefersSeparableConvolutions() {
    Reinforce reinforce = new Reinforce(Spaces.of("darts"), published("darts"), backend, RNG);
    int separable = 0;
    int all = 0;
    for (int i = 0; i < 100; i++) {
      for (Gene gene : reinforce.sample(RNG.split(i)).cells().getFirst().genes()) {
        separable += gene.op().startsWith("sep_conv") ? 1 : 0;
        all++;
      }
    }
    // exp(0.44 + 0.25) against exp(-0.25), two against five: 0.507.
    assertThat((double) separable / all).isCloseTo(0.507, within(0.05));
  }

  @Test
  void onNasBench201ItLearnsWhatIsRewarded() {
    SearchSpace space = Spaces.of("nasbench201");
    Reinforce reinforce = new Reinforce(space, faster("nasbench201", 20, 6), backend, RNG);
    assertThat(drawn(reinforce)).as("of a fresh controller").isCloseTo(0.2, within(0.06));
    for (int step = 0; step < 60; step++) {
      reinforce.step(step, (genotype, batch) -> skips(genotype), RNG.split(step));
    }
    assertThat(drawn(reinforce)).as("of one that has learned").isGreaterThan(0.8);
  }

  /** The micro controller takes thousands of samples; of two given ones, the better gains. */
  @Test
  void inTheMicroSpaceWhatIsRewardedBecomesLikelierThanWhatIsNot() {
    SearchSpace space = Spaces.of("darts");
    Reinforce reinforce = new Reinforce(space, faster("darts", 30, 2), backend, RNG);
    Buffer saved = Objects.requireNonNull(reinforce.buffers().get("state"));
    float[] state = new float[saved.size()];
    state[0] = 0.5f; // the baseline
    backend.write(state, saved);
    reinforce.restore(0);
    int[][] both = {choices(space, 1), choices(space, 2)};
    double before = margin(reinforce, both);
    for (int step = 0; step < 30; step++) {
      reinforce.step(
          step,
          (genotype, batch) -> 1 - batch.first() % 2,
          (tape, sample) -> reinforce.controller().follow(tape, both[sample]));
    }
    assertThat(margin(reinforce, both)).isGreaterThan(before + 0.5);
  }

  private static int[] choices(SearchSpace space, long seed) {
    int[] choices = new int[space.decisions().size()];
    Arrays.setAll(choices, i -> Rng.of(seed).below(i, space.decisions().get(i).options()));
    return choices;
  }

  private double margin(Reinforce reinforce, int[][] both) {
    try (Tape tape = Tape.inference(backend)) {
      return reinforce.controller().follow(tape, both[0]).logProbability()
          - reinforce.controller().follow(tape, both[1]).logProbability();
    }
  }

  private static double drawn(Reinforce reinforce) {
    double mean = 0;
    for (int i = 0; i < 60; i++) {
      mean += skips(reinforce.sample(RNG.split("judge").split(i))) / 60;
    }
    return mean;
  }

  private static double figure(Reinforce reinforce, String name) {
    return Objects.requireNonNull(reinforce.figures().get(name));
  }

  private static double skips(Genotype genotype) {
    List<Gene> genes = genotype.cells().getFirst().genes();
    return (double) genes.stream().filter(gene -> gene.op().equals("skip_connect")).count()
        / genes.size();
  }

  /** b := b - (1 - decay)(b - reward), sample by sample. */
  @Test
  void theBaselineOfTheMicroSpaceFollowsEverySample() {
    SearchSpace space = Spaces.of("darts");
    Reinforce reinforce = new Reinforce(space, faster("darts", 2, 3), backend, RNG);
    double[] rewards = {0.1, 0.5, 0.9, 0.2, 0.4, 0.6};
    List<Long> batches = new ArrayList<>();
    double expected = 0;
    for (int step = 0; step < 2; step++) {
      reinforce.step(
          step,
          (genotype, protocol) -> {
            batches.add(protocol.first());
            assertThat(protocol).isEqualTo(new Protocol(0, 1, protocol.first()));
            return rewards[(int) protocol.first()];
          },
          RNG.split(step));
    }
    double entropy = figure(reinforce, "entropy");
    for (double reward : rewards) {
      expected += 0.01 * (reward + 1e-4 * entropy - expected);
    }
    assertThat(batches).as("a validation batch each").containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
    assertThat(figure(reinforce, "baseline")).isCloseTo(expected, within(1e-4));
    assertThat(figure(reinforce, "accuracy")).isCloseTo(0.45, within(1e-6));
    assertThat(figure(reinforce, "reward")).isCloseTo(0.45 + 1e-4 * entropy, within(1e-6));
  }

  /**
   * On NAS-Bench-201 the baseline stands still within an epoch, and moves by its last reward; in
   * the first epoch it is the accuracy.
   */
  @Test
  void theBaselineOfNasBench201StandsStillWithinAnEpoch() {
    SearchSpace space = Spaces.of("nasbench201");
    Reinforce reinforce = new Reinforce(space, faster("nasbench201", 2, 2), backend, RNG);
    double[] accuracies = {0.1, 0.5, 0.9, 0.2, /* second epoch */ 0.7, 0.3, 0.6, 0.8};
    for (int step = 0; step < 2; step++) {
      reinforce.step(step, (g, protocol) -> accuracies[(int) protocol.first()], RNG.split(step));
    }
    assertThat(figure(reinforce, "baseline")).isCloseTo(0.2, within(1e-6));
    for (int step = 2; step < 4; step++) {
      reinforce.step(step, (g, protocol) -> accuracies[(int) protocol.first()], RNG.split(step));
    }
    double entropy = figure(reinforce, "entropy");
    assertThat(figure(reinforce, "baseline"))
        .isCloseTo(0.2 + 0.01 * (0.8 + 1e-4 * entropy - 0.2), within(1e-5));
  }
}
