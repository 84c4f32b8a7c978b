package org.espalier.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.espalier.InputException;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Searches on a table whose best architecture is known, and where each costs 100 seconds. */
class BlackBoxTest {
  private static final double COST =
      12 * SyntheticTable.EPOCH_SECONDS + SyntheticTable.VALIDATION_SECONDS;

  @TempDir static Path temp;

  @SuppressWarnings("NullAway.Init") // by table()
  private static SearchTask task;

  @BeforeAll
  static void table() throws IOException {
    task = SearchTask.of(SyntheticTable.write(temp.resolve("a.table")), "cifar10");
  }

  private static List<Trials.Step> run(BlackBox search, long seed, double budget) {
    Trials trials = new Trials(task, budget, new Dice(Rng.of(seed).split("training")));
    search.search(trials, new Dice(Rng.of(seed).split("search")));
    return trials.steps();
  }

  static List<BlackBox> searches() {
    return BlackBoxes.all();
  }

  @ParameterizedTest
  @MethodSource("searches")
  void theBudgetIsSpentAndNotExceeded(BlackBox search) {
    List<Trials.Step> steps = run(search, 1, 10_050);
    assertThat(steps).isSortedAccordingTo(Comparator.comparingDouble(Trials.Step::seconds));
    assertThat(steps.getLast().seconds()).isLessThanOrEqualTo(10_050).isGreaterThan(10_050 - COST);
    assertThat(run(search, 1, COST - 1).stream().filter(s -> s.seconds() > COST - 1)).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("searches")
  void aSeedFixesTheRun(BlackBox search) {
    assertThat(run(search, 7, 5_000)).isEqualTo(run(search, 7, 5_000));
    assertThat(run(search, 7, 5_000)).isNotEqualTo(run(search, 8, 5_000));
  }

  @ParameterizedTest
  @ValueSource(strings = {"rea", "local", "reinforce", "bohb"})
  void whatLearnsIsAheadOfChance(String name) {
    BlackBox search = name.equals("reinforce") ? new Reinforce(0.1, 0.9) : BlackBoxes.of(name);
    assertThat(found(search, 30_000)).isGreaterThan(found(BlackBoxes.of("random"), 30_000));
  }

  /** The mean over ten seeds of the true figure that stands behind the accuracies. */
  private static double found(BlackBox search, double budget) {
    double sum = 0;
    for (int seed = 0; seed < 10; seed++) {
      int index = run(search, seed, budget).getLast().incumbent();
      sum += SyntheticTable.accuracy(task.table().choices(index));
    }
    return sum / 10;
  }

  /** The table has one hill: from anywhere six steps lead to the top, each over 24 neighbours. */
  @Test
  void localSearchClimbsTheOnlyHill() {
    List<Trials.Step> steps = run(new LocalSearch(), 3, (1 + 24 * 7) * COST);
    assertThat(SyntheticTable.accuracy(task.table().choices(steps.getLast().incumbent())))
        .isEqualTo(SyntheticTable.best());
  }

  @Test
  void trainingLessCostsLess() {
    Trials trials = new Trials(task, 1e6, new Dice(Rng.of(1)));
    int[] choices = {3, 3, 3, 3, 3, 3};
    assertThat(trials.train(choices, 3, 0)).isCloseTo(SyntheticTable.best() / 4, within(1e-4));
    assertThat(trials.steps().getLast().seconds())
        .isCloseTo(
            3 * SyntheticTable.EPOCH_SECONDS + SyntheticTable.VALIDATION_SECONDS, within(1e-6));
  }

  /** As in HpBandSter: a result on a higher rung is preferred, be it worse. */
  @Test
  void theHighestRungDecides() {
    Trials trials = new Trials(task, 1e6, new Dice(Rng.of(1)));
    trials.train(new int[] {3, 3, 3, 3, 3, 3}, 12, 0);
    trials.train(new int[] {0, 0, 0, 0, 0, 0}, 12, 1);
    trials.train(new int[] {3, 3, 3, 3, 3, 2}, 12, 0);
    assertThat(trials.steps().getLast().incumbent())
        .isEqualTo(task.table().index(new int[] {0, 0, 0, 0, 0, 0}));
  }

  /** Brackets of 9-3-1, 3-1 and 3 trainings, as published for rungs of 1, 4 and 12 epochs. */
  @Test
  void bracketsHaveTheirPublishedSizes() {
    List<Integer> rungs = new ArrayList<>();
    ProposalSampler watching =
        new ProposalSampler() {
          @Override
          public int[] propose(Dice dice) {
            return dice.architecture(TableSpace.NASBENCH201);
          }

          @Override
          public void learn(int[] choices, int rung, double fitness) {
            rungs.add(rung);
          }
        };
    Hyperband hyperband = new Hyperband("hyperband", 1, 12, Hyperband.ALL_BRACKETS, s -> watching);
    run(hyperband, 1, 20_000);
    assertThat(rungs.subList(0, 20))
        .containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 1, 1, 1, 2, 2, 2, 2);
  }

  @Test
  void theKernelSamplerProposesWhatWasGood() {
    KernelSampler sampler = new KernelSampler(TableSpace.NASBENCH201);
    Dice dice = new Dice(Rng.of(9));
    for (int i = 0; i < 200; i++) {
      int[] choices = dice.architecture(TableSpace.NASBENCH201);
      sampler.learn(choices, 0, SyntheticTable.accuracy(choices));
    }
    double proposed = 0;
    double chance = 0;
    for (int i = 0; i < 200; i++) {
      proposed += SyntheticTable.accuracy(sampler.propose(dice));
      chance += SyntheticTable.accuracy(dice.architecture(TableSpace.NASBENCH201));
    }
    assertThat(proposed / 200).isGreaterThan(chance / 200 + 2);
  }

  @Test
  void regretFallsToZeroWhereTheBestIsFound() {
    BaselineStudy.Study study = BaselineStudy.run(task, List.of("local"), 5, 40_000);
    BaselineStudy.Outcome outcome = study.outcomes().getFirst();
    assertThat(study.best()).isCloseTo(SyntheticTable.best() + 1, within(1e-4));
    assertThat(outcome.regret().getLast()).isLessThan(0.5).isLessThan(outcome.regret().get(3));
    assertThat(outcome.results().getFirst().deviation()).isNotNegative();
  }

  @Test
  void anUnknownSearchIsRefused() {
    assertThatThrownBy(() -> BaselineStudy.run(task, List.of("luck"), 1, 1))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "unknown search 'luck'; known: random, rea, local, reinforce, successive-halving,"
                + " hyperband, bohb");
  }
}
