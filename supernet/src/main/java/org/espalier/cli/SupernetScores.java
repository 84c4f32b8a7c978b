package org.espalier.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.InputException;
import org.espalier.benchmark.AccuracyKey;
import org.espalier.benchmark.ArchitectureScorer;
import org.espalier.benchmark.Column;
import org.espalier.benchmark.Ranking;
import org.espalier.benchmark.TabularBenchmark;
import org.espalier.checkpoint.AtomicFile;
import org.espalier.data.Datasets;
import org.espalier.search.Configuration;
import org.espalier.search.Progress;
import org.espalier.search.Score;
import org.espalier.search.TrainedSupernet;
import org.espalier.strategy.Protocol;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Scores from the supernet that a search has trained: of a sample, since each takes passes. */
final class SupernetScores {
  @Option(
      names = "--supernet",
      required = true,
      paramLabel = "DIR",
      description =
          "The folder of a search that has ended: its supernet scores a sample of the table's"
              + " architectures by their accuracy with the shared weights.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private Path folder;

  @Option(
      names = "--architectures",
      paramLabel = "N",
      description = "How many are drawn. Default: 300.")
  private int architectures = 300;

  @Option(names = "--seed", paramLabel = "N", description = "Of the sample. Default: 0.")
  private long seed;

  @Option(
      names = "--batches",
      paramLabel = "N",
      description = "Validation batches for each, the same for all; 0: all there are. Default: 16.")
  private int batches = 16;

  @Option(
      names = "--calibration",
      paramLabel = "N",
      description =
          "Training batches that the batch-norm statistics of each are taken from; 0: those of each"
              + " validation batch serve. Default: as the search compares them.")
  private @Nullable Integer calibration;

  @Option(
      names = "--data",
      paramLabel = "SPEC",
      description = "The search's images, where they are elsewhere now. Default: as searched.")
  private @Nullable String data;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "auto, or one of 'espalier list devices'. Default: auto.")
  private String device = "auto";

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of the device; the scores do not depend on them. Default: one a core.")
  private int threads;

  @Option(
      names = "--save",
      paramLabel = "FILE.csv",
      description = "Write the scores down, for --scores and another --dataset.")
  private @Nullable Path save;

  private final List<String> notes = new ArrayList<>();

  /** What the scores are. */
  String name() {
    return "accuracy with shared weights";
  }

  /** How they were made. */
  List<String> notes() {
    return notes;
  }

  /**
   * Scores a sample of those that the table has an accuracy of.
   *
   * @throws InputException if the supernet is none of the table's space, or cannot be opened
   */
  Ranking rank(TabularBenchmark table, AccuracyKey key, PrintWriter out) {
    Configuration configuration = TrainedSupernet.configuration(folder);
    if (!configuration.space().equals(table.space().id())) {
      throw new InputException(
          "%s searched %s; the table has architectures of %s"
              .formatted(folder, configuration.space(), table.space().id()));
    }
    if (architectures < 2 || batches < 0 || (calibration != null && calibration < 0)) {
      throw new InputException(
          "--architectures %d --batches %d: at least 2 are wanted, and no number below zero"
              .formatted(architectures, batches));
    }
    int[] sample = sample(table, key);
    String images = data == null ? configuration.data() : data;
    try (TrainedSupernet supernet =
        TrainedSupernet.open(folder, Datasets.open(images), device, threads)) {
      int own = supernet.protocol().calibration();
      Protocol protocol = new Protocol(calibration == null ? own : calibration, batches, 0);
      describe(configuration, sample.length, protocol);
      Scoring scoring = new Scoring(supernet, protocol, sample.length, out);
      Ranking ranking = Ranking.of(table, key, scoring, sample);
      scoring.end();
      if (save != null) {
        AtomicFile.write(save, csv(ranking));
      }
      return ranking;
    }
  }

  private int[] sample(TabularBenchmark table, AccuracyKey key) {
    Column accuracy = table.accuracy(key);
    int[] all =
        IntStream.range(0, table.size())
            .filter(i -> table.has(i) && !Double.isNaN(accuracy.at(i)))
            .toArray();
    return Arrays.stream(Rng.of(seed).split("sample").permutation(all.length))
        .limit(architectures)
        .map(i -> all[i])
        .toArray();
  }

  private void describe(Configuration configuration, int count, Protocol protocol) {
    notes.add(
        "supernet of %s: %s on %s, %s, %d epochs"
            .formatted(
                folder,
                configuration.strategy(),
                configuration.space(),
                configuration.data(),
                configuration.search().epochs()));
    notes.add(
        "%d architectures drawn with seed %d, each on %s, batch-norm statistics %s"
            .formatted(
                count,
                seed,
                protocol.batches() == 0
                    ? "all validation images"
                    : protocol.batches() + " validation batches",
                protocol.calibration() == 0
                    ? "of each batch"
                    : "taken anew for each from " + protocol.calibration() + " training batches"));
  }

  private static String csv(Ranking ranking) {
    StringBuilder csv = new StringBuilder("arch,score\n");
    for (int i = 0; i < ranking.scores().length; i++) {
      csv.append(ranking.table().architecture(ranking.indexes()[i]))
          .append(',')
          .append(ranking.scores()[i])
          .append('\n');
    }
    return csv.toString();
  }

  /** Asks the supernet, and shows how far it is. */
  private static final class Scoring implements ArchitectureScorer {
    private final TrainedSupernet supernet;
    private final Protocol protocol;
    private final RunProgress progress;
    private final Progress.Phase phase;
    private Score all = Score.NONE;
    private int done;

    Scoring(TrainedSupernet supernet, Protocol protocol, int count, PrintWriter out) {
      this.supernet = supernet;
      this.protocol = protocol;
      progress = new RunProgress(out, Screen.attached(), "", System::nanoTime);
      phase = new Progress.Phase("scoring", 1, count, 0);
      progress.begin(phase);
    }

    /** In percent, as tables have it. */
    @Override
    public double score(String architecture) {
      long start = System.nanoTime();
      Score score = supernet.score(supernet.space().parse(architecture), protocol);
      all = all.plus(score);
      double seconds = (System.nanoTime() - start) / 1e9;
      progress.step(
          new Progress.Step(1, ++done, all.loss(), all.accuracy(), score.images() / seconds));
      return 100 * score.accuracy();
    }

    void end() {
      progress.end(phase);
    }
  }
}
