package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.InputException;
import org.espalier.data.Dataset;
import org.espalier.data.Images;
import org.espalier.report.RunRecord;
import org.espalier.report.Scored;
import org.espalier.space.Genotype;
import org.espalier.strategy.Protocol;
import org.espalier.strategy.Strategies;
import org.espalier.strategy.Strategy;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The supernet that a search leaves behind scores as it did in the search. */
class TrainedSupernetTest {
  private static final int CLASSES = 4;

  @TempDir Path temp;

  static Stream<String> strategies() {
    return Strategies.all().stream().map(Strategy::name);
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void whatTheSearchComparedIsScoredTheSame(String strategy) {
    Path run = temp.resolve("run");
    RunRecord record = search("nasbench201", strategy, run);
    try (TrainedSupernet supernet = open(run, CLASSES)) {
      boolean compares = List.of("enas", "setn", "spos", "fairnas", "random").contains(strategy);
      assertThat(record.scored().isEmpty()).isNotEqualTo(compares);
      for (Scored scored : record.scored()) {
        Protocol protocol = new Protocol(scored.calibration(), scored.batches(), scored.first());
        assertThat(supernet.score(supernet.space().parse(scored.genotype()), protocol).accuracy())
            .as("%s by %s", scored.genotype(), protocol)
            .isEqualTo(scored.accuracy());
      }
      Genotype any = supernet.space().random(Rng.of(1));
      Score score = supernet.score(any, supernet.protocol());
      assertThat(score.loss()).isFinite();
      assertThat(score).isEqualTo(supernet.score(any, supernet.protocol()));
    }
  }

  @Test
  void soDoesThatOfTheSpaceOfDarts() {
    Path run = temp.resolve("run");
    RunRecord record = search("darts", "random", run);
    try (TrainedSupernet supernet = open(run, CLASSES)) {
      Scored first = record.scored().getFirst();
      assertThat(
              supernet
                  .score(
                      supernet.space().parse(first.genotype()),
                      Protocol.batches(first.batches(), first.first()))
                  .accuracy())
          .isEqualTo(first.accuracy());
    }
  }

  @Test
  void whatIsNoneIsRefused() throws IOException {
    Path run = temp.resolve("run");
    refused(run, "has no config.yaml; the folder of a search is wanted");
    search("nasbench201", "spos", run);
    assertThatThrownBy(() -> open(run, CLASSES + 1))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("has the shape [16, 4] of")
        .hasMessageContaining("[16, 5] is wanted");
    Path config = run.resolve("config.yaml");
    String settings = Files.readString(config);
    Files.writeString(config, settings.replace("seed: 4", "seed: 5"));
    refused(run, "was trained with another configuration than that of config.yaml");
    Files.writeString(config, settings);
    Path file = run.resolve("supernet.safetensors");
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 5));
    refused(run, "supernet.safetensors is cut short");
    Files.delete(file);
    refused(run, "has no supernet.safetensors; the folder of a search is wanted that has ended");
  }

  private static void refused(Path run, String saying) {
    assertThatThrownBy(() -> open(run, CLASSES))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(saying);
  }

  private static TrainedSupernet open(Path run, int classes) {
    return TrainedSupernet.open(run, data(classes), "auto", 0, MemoryLimit.ofHeap());
  }

  private static RunRecord search(String space, String strategy, Path folder) {
    Configuration configuration =
        Configurations.of(
            space,
            Configurations.Preset.LAPTOP,
            List.of(
                "strategy=" + strategy,
                "seed=4",
                "contenders=0",
                "search.epochs=1",
                "search.batch=8",
                "search.channels=4",
                "search.cells=" + (space.equals("darts") ? 3 : 1),
                "search.oneShot.controller.steps=2",
                "search.oneShot.controller.samples=2",
                "search.oneShot.candidates.count=4",
                "search.oneShot.candidates.batches=1",
                "search.oneShot.candidates.finalists=2",
                "search.oneShot.evolution.generations=2",
                "search.oneShot.evolution.population=4",
                "search.oneShot.evolution.parents=2",
                "search.oneShot.evolution.mutants=2",
                "search.oneShot.evolution.crossovers=2",
                "search.oneShot.evolution.calibration=2",
                "search.oneShot.evolution.batches=1",
                "training.epochs=1",
                "training.batch=8",
                "training.cells=" + (space.equals("darts") ? 3 : 1),
                "training.auxiliary=0",
                "training.channels=4"));
    return SearchRun.start(configuration, data(CLASSES), folder)
        .execute(Progress.SILENT, () -> false);
  }

  private static Dataset data(int classes) {
    return new Dataset("noise", images("train", 48, classes), images("test", 16, classes));
  }

  private static Images images(String part, int n, int classes) {
    byte[][] pixels = new byte[n][8 * 8 * 3];
    int[] labels = new int[n];
    for (int i = 0; i < n; i++) {
      Rng rng = Rng.of(1).split(part).split(i);
      for (int j = 0; j < pixels[i].length; j++) {
        pixels[i][j] = (byte) rng.bits(j);
      }
      labels[i] = i % classes;
    }
    List<String> names = List.of("a", "b", "c", "d", "e").subList(0, classes);
    return new Images("noise " + part, 8, 8, 3, names, pixels, labels);
  }
}
