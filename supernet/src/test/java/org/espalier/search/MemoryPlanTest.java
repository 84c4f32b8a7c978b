package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.data.Dataset;
import org.espalier.data.Images;
import org.espalier.parity.Fixture;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.strategy.Protocol;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a dry run says that a run needs, against what the run then takes. */
class MemoryPlanTest {
  private static final int BATCH = 8;

  /** Not a multiple of the batch: the last test batch is smaller. */
  private static final int TEST_IMAGES = 21;

  private final Backend backend = Fixture.backends().toList().getLast();

  @ParameterizedTest
  @CsvSource({
    "nasbench201, darts",
    "nasbench201, darts-2nd",
    "nasbench201, drnas",
    "nasbench201, drnas-progressive",
    "darts, darts",
    "darts, darts-2nd",
    "darts, drnas-progressive"
  })
  void aSearchThatComputesAllCandidatesTakesToTheByteWhatWasPlanned(String space, String strategy) {
    Configuration configuration = configuration(space, "strategy=" + strategy);
    PhaseMemory plan = MemoryPlan.ofSearch(configuration, blank()).phases().getFirst();
    try (SearchPhase search = new SearchPhase(configuration, blank(), backend)) {
      take(search, 1);
      take(search, 2);
      assertThat(backend.memory().bytes()).isEqualTo(plan.activations());
      long second = strategy.equals("darts-2nd") ? secondOrder(search) : 0;
      assertThat(plan.parameters())
          .isEqualTo(bytes(search) + bytes(search, "weights") + bytes(search, "alpha") + second);
    }
  }

  /** Two copies of the weights, one of alpha, and a norm. */
  private static long secondOrder(SearchPhase search) {
    return 2 * bytes(search, "weights") + bytes(search, "alpha") + Float.BYTES;
  }

  @ParameterizedTest
  @CsvSource({
    "nasbench201, gdas",
    "nasbench201, random",
    "nasbench201, enas",
    "nasbench201, spos",
    "nasbench201, setn",
    "darts, gdas",
    "darts, random",
    "darts, enas",
    "darts, fairnas"
  })
  void aSearchThatDrawsPathsTakesNoMoreThanPlannedWhateverItDraws(String space, String strategy) {
    int epochs = strategy.equals("enas") ? 4 : 20; // its controller takes its time
    Configuration configuration =
        configuration(
            space, "strategy=" + strategy, "search.epochs=" + epochs, "search.alpha.warmup=0.1");
    PhaseMemory plan = MemoryPlan.ofSearch(configuration, blank()).phases().getFirst();
    try (SearchPhase search = new SearchPhase(configuration, blank(), backend)) {
      for (int epoch = 1; epoch <= epochs; epoch++) {
        take(search, epoch);
      }
      search.derive(Ledger.empty(), Progress.SILENT, () -> {});
    }
    long taken = backend.memory().bytes();
    assertThat(taken).isBetween(plan.activations() / 2, plan.activations());
  }

  @ParameterizedTest
  @CsvSource({"nasbench201, drnas", "nasbench201, enas", "darts, darts", "darts, fairnas"})
  void scoringTakesNoMoreThanPlannedWhateverIsScored(String space, String strategy) {
    Configuration configuration = configuration(space, "strategy=" + strategy);
    PhaseMemory plan = MemoryPlan.ofScoring(configuration, blank()).phases().getFirst();
    try (SearchPhase search = new SearchPhase(configuration, blank(), backend)) {
      for (int draw = 0; draw < 200; draw++) {
        Genotype any = Spaces.of(space).random(Rng.of(draw));
        search.evaluator().score(any, new Protocol(draw % 3, 1, 0));
      }
      assertThat(plan.parameters()) // and the gradients of a policy
          .isGreaterThanOrEqualTo(
              bytes(search) + bytes(search, "weights") + bytes(search, "alpha"));
    }
    long taken = backend.memory().bytes();
    assertThat(taken).isBetween(plan.activations() / 2, plan.activations());
  }

  @ParameterizedTest
  @CsvSource({"nasbench201, 0", "darts, 0", "darts, 0.3"})
  void aTrainingTakesToTheByteWhatWasPlanned(String space, double dropPath) {
    Configuration configuration = configuration(space, "training.dropPath=" + dropPath);
    Genotype genotype = Spaces.of(space).random(Rng.of(5));
    PhaseMemory plan = MemoryPlan.ofTraining(configuration, genotype, blank()).phases().getFirst();
    try (TrainingPhase training =
        new TrainingPhase(configuration, genotype, "given", blank(), backend)) {
      take(training, 1);
      take(training, 2);
      assertThat(backend.memory().bytes()).isEqualTo(plan.activations());
      assertThat(plan.parameters()).isEqualTo(bytes(training) + bytes(training, "weights"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"nasbench201", "darts"})
  void whateverASearchFindsItsTrainingWasPlannedFor(String name) {
    Configuration configuration = configuration(name);
    SearchSpace space = Spaces.of(name);
    DryRun dry = new DryRun(configuration, blank());
    PhaseMemory planned = MemoryPlan.ofSearch(configuration, blank()).phases().getLast();
    Stream.iterate(0, draw -> draw + 1)
        .limit(100)
        .map(draw -> space.random(Rng.of(draw)))
        .forEach(
            found ->
                assertThat(dry.training(found).apply(BATCH).bytes())
                    .as(space.format(found))
                    .isLessThanOrEqualTo(planned.bytes()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"nasbench201", "darts"})
  void theBatchThatIsAdvisedIsTheLargestThatFits(String space) {
    MemoryPlan plan = plan(space, 100);
    MemoryLimit limit = MemoryLimit.of(plan.bytes(plan.phases().getFirst()) * 2 / 3);
    String objection = plan.objection(limit).orElseThrow();
    assertThat(objection).contains("search needs ", "at search.batch 100", "--memory-limit");
    int advised = Integer.parseInt(objection.replaceAll(".*search\\.batch=(\\d+).*", "$1"));
    assertThat(advised).isBetween(2, 99);
    assertThat(plan(space, advised).objection(limit)).isEmpty();
    assertThat(plan(space, advised + 1).objection(limit)).isPresent();
  }

  @Test
  void theHeapIsTheLimitOfItselfAndCanBeLarger() {
    assertThat(MemoryLimit.ofHeap().bytes()).isLessThan(Runtime.getRuntime().maxMemory());
    assertThat(plan("nasbench201", 64).objection(MemoryLimit.ofHeap())).isEmpty();
    MemoryLimit small = new MemoryLimit(3 << 20, 4 << 20);
    assertThat(plan("nasbench201", 100).objection(small).orElseThrow())
        .contains(
            "more than the 3.0 MiB that this JVM's heap of 4.0 MiB has room for: take at most --set"
                + " search.batch=",
            ", or a larger heap: ESPALIER_JAVA_OPTS=-Xmx1g");
  }

  private static MemoryPlan plan(String space, int batch) {
    return MemoryPlan.ofSearch(configuration(space, "search.batch=" + batch), blank(200));
  }

  static void take(Phase phase, int epoch) {
    for (int step = 0; step < phase.steps(); step++) {
      phase.step((long) (epoch - 1) * phase.steps() + step);
    }
    phase.endEpoch(epoch, 1, Ledger.empty(), Progress.SILENT);
  }

  private static long bytes(Phase phase) {
    return Float.BYTES * phase.buffers().values().stream().mapToLong(Buffer::size).sum();
  }

  private static long bytes(Phase phase, String name) {
    return Float.BYTES
        * phase.buffers().entrySet().stream()
            .filter(buffer -> buffer.getKey().equals(name))
            .mapToLong(buffer -> buffer.getValue().size())
            .sum();
  }

  static Configuration configuration(String space, String... settings) {
    List<String> small =
        List.of(
            "search.epochs=2",
            "search.batch=" + BATCH,
            "search.channels=4",
            "search.cells=" + (space.equals("darts") ? 3 : 1),
            "search.alpha.warmup=0.5",
            "search.oneShot.controller.steps=2",
            "search.oneShot.controller.samples=2",
            "search.oneShot.candidates.count=20",
            "search.oneShot.candidates.batches=1",
            "search.oneShot.candidates.finalists=2",
            "search.oneShot.evolution.generations=2",
            "search.oneShot.evolution.calibration=2",
            "search.oneShot.evolution.batches=1",
            "training.epochs=2",
            "training.batch=" + BATCH,
            "training.channels=4",
            "training.cells=" + (space.equals("darts") ? 3 : 1));
    return Configurations.of(
        space,
        Configurations.Preset.LAPTOP,
        Stream.concat(small.stream(), Stream.of(settings)).toList());
  }

  static Dataset blank() {
    return blank(2 * 2 * BATCH);
  }

  private static Dataset blank(int train) {
    return new Dataset("blank", blank("train", train), blank("test", TEST_IMAGES));
  }

  private static Images blank(String name, int n) {
    return new Images(name, 8, 8, 3, List.of("a", "b", "c"), new byte[n][8 * 8 * 3], new int[n]);
  }
}
