package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.espalier.checkpoint.Safetensors;
import org.espalier.data.Dataset;
import org.espalier.data.Images;
import org.espalier.strategy.Strategies;
import org.espalier.strategy.Strategy;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A seed fixes a run to the bit, and stopping it anywhere changes nothing. */
class ResumedRunTest {
  private static final int SEARCH_STEPS = 2 * 3;
  private static final int TRAINING_STEPS = 2 * 6;
  private static final int STEPS = SEARCH_STEPS + 2 * TRAINING_STEPS;

  @TempDir Path temp;

  static Stream<String> strategies() {
    return Strategies.all().stream().map(Strategy::name);
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void aRunStoppedTwiceAtRandomStepsEndsInTheSameBits(String strategy) throws IOException {
    Path whole = temp.resolve("whole");
    start(strategy, 0, whole).execute(Progress.SILENT, () -> false);

    long seed = System.nanoTime();
    int first = 1 + Rng.of(seed).below(0, STEPS - 2);
    int second = Rng.of(seed).below(1, STEPS - first);
    Path parts = temp.resolve("parts");
    stopAfter(first, start(strategy, 0, parts));
    stopAfter(second, SearchRun.resume(parts, data()));
    SearchRun.resume(parts, data()).execute(Progress.SILENT, () -> false);

    assertSame(parts, whole, "stopped after %d and %d more steps".formatted(first, second));
  }

  /** ENAS' steps of the controller, and the comparison of candidates, can be stopped as well. */
  @ParameterizedTest
  @CsvSource({"enas, 5", "enas, 8", "enas, 14", "spos, 8", "spos, 20", "setn, 7", "random, 12"})
  void aRunStoppedWithinItsOneShotPartEndsInTheSameBits(String strategy, int after)
      throws IOException {
    Path whole = temp.resolve("whole");
    start(strategy, 0, whole).execute(Progress.SILENT, () -> false);
    Path parts = temp.resolve("parts");
    stopAfter(after, start(strategy, 0, parts));
    SearchRun.resume(parts, data()).execute(Progress.SILENT, () -> false);
    assertSame(parts, whole, "stopped after %d steps".formatted(after));
    assertThat(metrics(whole)).contains("\"phase\":\"scored\"");
  }

  @Test
  void theNumberOfThreadsChangesNothing() throws IOException {
    start("drnas", 1, temp.resolve("one")).execute(Progress.SILENT, () -> false);
    start("drnas", 2, temp.resolve("two")).execute(Progress.SILENT, () -> false);
    assertSame(temp.resolve("one"), temp.resolve("two"), "one and two threads");
  }

  @Test
  void anotherSeedIsAnotherRun() {
    start("drnas", 1, temp.resolve("a")).execute(Progress.SILENT, () -> false);
    Configuration other = configuration("drnas", 1, "seed=9");
    SearchRun.start(other, data(), temp.resolve("b")).execute(Progress.SILENT, () -> false);
    assertThat(arrays(temp.resolve("a")).values("weights"))
        .isNotEqualTo(arrays(temp.resolve("b")).values("weights"));
  }

  private static void assertSame(Path got, Path wanted, String how) throws IOException {
    assertThat(metrics(got)).as(how).isEqualTo(metrics(wanted));
    assertSame(arrays(got), arrays(wanted), how);
    String supernet = "supernet.safetensors";
    assertSame(
        Safetensors.read(got.resolve(supernet)), Safetensors.read(wanted.resolve(supernet)), how);
  }

  private static void assertSame(Safetensors got, Safetensors wanted, String how) {
    assertThat(got.tensors().keySet()).isEqualTo(wanted.tensors().keySet());
    wanted
        .tensors()
        .forEach(
            (name, entry) ->
                assertThat(got.values(name)).as("%s, %s", how, name).isEqualTo(entry.values()));
  }

  private static Safetensors arrays(Path folder) {
    return Safetensors.read(folder.resolve("checkpoint"));
  }

  /** Without the clock. */
  private static String metrics(Path folder) throws IOException {
    return Files.readString(folder.resolve("metrics.jsonl"))
        .replaceAll("\"(seconds|imagesPerSecond)\":[^,}]*", "");
  }

  private static void stopAfter(int steps, SearchRun run) {
    AtomicInteger asked = new AtomicInteger();
    assertThatThrownBy(() -> run.execute(Progress.SILENT, () -> asked.getAndIncrement() >= steps))
        .isInstanceOf(StoppedException.class);
  }

  private static SearchRun start(String strategy, int threads, Path folder) {
    return SearchRun.start(configuration(strategy, threads, "seed=4"), data(), folder);
  }

  private static Configuration configuration(String strategy, int threads, String setting) {
    return Configurations.of(
        "nasbench201",
        Configurations.Preset.LAPTOP,
        List.of(
            "strategy=" + strategy,
            "threads=" + threads,
            "contenders=1",
            "search.epochs=2",
            "search.batch=8",
            "search.channels=4",
            "search.alpha.warmup=0.5",
            "search.oneShot.controller.steps=3",
            "search.oneShot.controller.samples=2",
            "search.oneShot.candidates.count=6",
            "search.oneShot.candidates.batches=1",
            "search.oneShot.candidates.finalists=2",
            "search.oneShot.evolution.generations=3",
            "search.oneShot.evolution.population=6",
            "search.oneShot.evolution.parents=2",
            "search.oneShot.evolution.mutants=3",
            "search.oneShot.evolution.crossovers=3",
            "search.oneShot.evolution.calibration=2",
            "search.oneShot.evolution.batches=1",
            "training.epochs=2",
            "training.batch=8",
            "training.channels=4",
            setting));
  }

  /** 48 training and 16 test images of noise, 8x8x3, 4 classes. */
  private static Dataset data() {
    return new Dataset("noise", images("noise train", 48, 1), images("noise test", 16, 2));
  }

  private static Images images(String name, int n, long seed) {
    byte[][] pixels = new byte[n][8 * 8 * 3];
    int[] labels = new int[n];
    for (int i = 0; i < n; i++) {
      Rng rng = Rng.of(seed).split(i);
      for (int j = 0; j < pixels[i].length; j++) {
        pixels[i][j] = (byte) rng.bits(j);
      }
      labels[i] = i % 4;
    }
    return new Images(name, 8, 8, 3, List.of("a", "b", "c", "d"), pixels, labels);
  }
}
