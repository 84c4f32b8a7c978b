package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.espalier.InputException;
import org.espalier.benchmark.AccuracyKey;
import org.espalier.benchmark.ArchitectureScorer;
import org.espalier.benchmark.Column;
import org.espalier.benchmark.Ranking;
import org.espalier.benchmark.ScoreLog;
import org.espalier.benchmark.TabularBenchmark;
import org.espalier.data.Datasets;
import org.espalier.search.Configuration;
import org.espalier.search.Progress;
import org.espalier.search.Score;
import org.espalier.search.StoppedException;
import org.espalier.search.TrainedSupernet;
import org.espalier.strategy.Protocol;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * Scores from the supernet that a search has trained: of a sample, since each takes passes. Each is
 * written down at once, and is not made again.
 */
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
      description =
          "Where the scores are kept, one by one: what is there is not scored again, and --scores"
              + " reads it. Default: scores-BATCHES-CALIBRATION.csv in DIR.")
  private @Nullable Path save;

  @Option(names = "--memory-limit", paramLabel = "SIZE", description = RunOptions.MEMORY_LIMIT)
  private @Nullable String memoryLimit;

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
   * @param shown the lines to end with
   * @return the exit code
   * @throws InputException if the supernet is none of the table's space, or cannot be opened, or
   *     the scores that are kept are not its
   */
  int rank(
      TabularBenchmark table, AccuracyKey key, CommandLine line, Function<Ranking, String> shown) {
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
        TrainedSupernet.open(
            folder, Datasets.open(images), device, threads, RunOptions.memoryLimit(memoryLimit))) {
      int own = supernet.protocol().calibration();
      Protocol protocol = new Protocol(calibration == null ? own : calibration, batches, 0);
      Path file = save == null ? folder.resolve(fileName(protocol)) : save;
      Kept kept = Kept.open(file, supernet, protocol);
      describe(configuration, sample.length, protocol, file);
      String header = String.join("\n", notes) + "\n";
      LongSupplier done =
          () -> Arrays.stream(sample).mapToObj(table::architecture).filter(kept::has).count();
      return new Session(line, header)
          .run(
              () ->
                  "%d of %d scores are kept in %s; the same command goes on from there"
                      .formatted(done.getAsLong(), sample.length, file),
              (progress, stop) -> {
                supernet.memory().forEach(progress::note);
                var phase = new Progress.Phase("scoring", 1, sample.length, done.getAsLong());
                progress.begin(phase);
                Ranking ranking =
                    Ranking.of(table, key, new Scoring(kept, phase, progress, stop), sample);
                progress.end(phase);
                return shown.apply(ranking);
              });
    }
  }

  private static String fileName(Protocol protocol) {
    return "scores-%d-%d.csv".formatted(protocol.batches(), protocol.calibration());
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

  private void describe(Configuration configuration, int count, Protocol protocol, Path file) {
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
    notes.add("scores kept in " + file);
  }

  /**
   * What the supernet scores by a protocol, and what a file has of it: scores follow from all that
   * the name of its column says.
   */
  private record Kept(TrainedSupernet supernet, Protocol protocol, String column, ScoreLog log) {
    static Kept open(Path file, TrainedSupernet supernet, Protocol protocol) {
      String column =
          "accuracy of %s; %d batches; calibration %d"
              .formatted(supernet.identity(), protocol.batches(), protocol.calibration());
      return new Kept(supernet, protocol, column, ScoreLog.open(file, List.of(column)));
    }

    boolean has(String architecture) {
      return log.has(architecture);
    }

    Score score(String architecture) {
      Score score = supernet.score(supernet.space().parse(architecture), protocol);
      log.add(architecture, Map.of(column, 100 * score.accuracy()));
      return score;
    }

    /** In percent, as tables have it. */
    double of(String architecture) {
      return log.of(architecture).getOrDefault(column, Double.NaN);
    }
  }

  /** Asks the supernet for what is not kept, and shows how far it is. */
  private static final class Scoring implements ArchitectureScorer {
    private final Kept kept;
    private final Progress progress;
    private final BooleanSupplier stop;
    private Score all = Score.NONE;
    private int done;

    Scoring(Kept kept, Progress.Phase phase, Progress progress, BooleanSupplier stop) {
      this.kept = kept;
      this.progress = progress;
      this.stop = stop;
      done = (int) phase.done();
    }

    @Override
    public double score(String architecture) {
      if (!kept.has(architecture)) {
        if (stop.getAsBoolean()) {
          throw new StoppedException("stopped before " + architecture);
        }
        long start = System.nanoTime();
        Score score = kept.score(architecture);
        all = all.plus(score);
        double seconds = (System.nanoTime() - start) / 1e9;
        progress.step(
            new Progress.Step(1, ++done, all.loss(), all.accuracy(), score.images() / seconds));
      }
      return kept.of(architecture);
    }
  }
}
