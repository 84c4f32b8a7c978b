package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.espalier.InputException;
import org.espalier.benchmark.AccuracyKey;
import org.espalier.benchmark.Column;
import org.espalier.benchmark.Ranking;
import org.espalier.benchmark.ScoreLog;
import org.espalier.benchmark.TabularBenchmark;
import org.espalier.search.Progress;
import org.espalier.search.StoppedException;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/**
 * Scores of a sample, where each takes its time. Each is written down at once, and is not made
 * again.
 */
final class SampleScores {
  /** What scores them. */
  static final class Source {
    @ArgGroup(exclusive = false)
    private SupernetScorer.@Nullable Options supernet;

    @ArgGroup(exclusive = false)
    private ProxyScorer.@Nullable Options proxy;
  }

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // by picocli
  private Source source;

  @Option(
      names = "--architectures",
      paramLabel = "N",
      description = "How many are drawn. Default: 300.")
  private int architectures = 300;

  @Option(names = "--seed", paramLabel = "N", description = "Of the sample. Default: 0.")
  private long seed;

  @Option(
      names = "--data",
      paramLabel = "SPEC",
      description =
          "Images; see 'espalier list data'. Default: those of the supernet's search;"
              + " fashion-mnist for a proxy.")
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
              + " reads it. Default: scores-BATCHES-CALIBRATION.csv in the supernet's folder, or"
              + " TABLE-PROXY.csv.")
  private @Nullable Path save;

  @Option(
      names = "--memory-limit",
      paramLabel = "SIZE",
      description = RunOptions.MEMORY_LIMIT + " Of a supernet only.")
  private @Nullable String memoryLimit;

  private final List<String> notes = new ArrayList<>();

  /** What the scores are. */
  String name() {
    return options().name();
  }

  /** How they were made. */
  List<String> notes() {
    return notes;
  }

  private SampleScorer.Options options() {
    if (source.supernet != null) {
      return source.supernet;
    }
    if (source.proxy != null) {
      return source.proxy;
    }
    throw new IllegalStateException("picocli wants one of them");
  }

  /**
   * Scores a sample of those that the table has an accuracy of.
   *
   * @param file of the table
   * @param shown the lines to end with
   * @return the exit code
   * @throws InputException if what is to score does not suit the table, or cannot be opened, or the
   *     scores that are kept are not its
   */
  int rank(
      Path file,
      TabularBenchmark table,
      AccuracyKey key,
      CommandLine line,
      Function<Ranking, String> shown) {
    if (architectures < 2) {
      throw new InputException(
          "--architectures %d: at least 2 are wanted".formatted(architectures));
    }
    int[] sample = sample(table, key);
    var place =
        new SampleScorer.Place(file, data, device, threads, RunOptions.memoryLimit(memoryLimit));
    try (SampleScorer scorer = options().open(table, place)) {
      Path saved = save == null ? scorer.file() : save;
      ScoreLog kept = ScoreLog.open(saved, scorer.columns());
      notes.addAll(scorer.notes());
      notes.add("%d architectures drawn with seed %d".formatted(sample.length, seed));
      notes.add("scores kept in " + saved);
      String header = String.join("\n", notes) + "\n";
      List<String> names = Arrays.stream(sample).mapToObj(table::architecture).toList();
      LongSupplier done = () -> names.stream().filter(kept::has).count();
      return new Session(line, header)
          .run(
              () ->
                  "%d of %d scores are kept in %s; the same command goes on from there"
                      .formatted(done.getAsLong(), sample.length, saved),
              (progress, stop) -> {
                scorer.memory().forEach(progress::note);
                var phase = new Progress.Phase("scoring", 1, sample.length, done.getAsLong());
                progress.begin(phase);
                measure(names, scorer, kept, phase, progress, stop);
                progress.end(phase);
                Map<String, Double> scores = scores(names, scorer, kept);
                return shown.apply(
                    Ranking.of(table, key, name -> scores.getOrDefault(name, Double.NaN), sample));
              });
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

  /** Measures what is not kept, and shows how far it is. */
  private static void measure(
      List<String> names,
      SampleScorer scorer,
      ScoreLog kept,
      Progress.Phase phase,
      Progress progress,
      BooleanSupplier stop) {
    int done = (int) phase.done();
    for (String name : names) {
      if (kept.has(name)) {
        continue;
      }
      if (stop.getAsBoolean()) {
        throw new StoppedException("stopped before " + name);
      }
      long start = System.nanoTime();
      SampleScorer.Measured measured = scorer.measure(name);
      kept.add(name, measured.values());
      double rate = measured.images() / ((System.nanoTime() - start) / 1e9);
      progress.step(new Progress.Step(1, ++done, measured.loss(), measured.accuracy(), rate));
    }
  }

  private static Map<String, Double> scores(
      List<String> names, SampleScorer scorer, ScoreLog kept) {
    double[] scores = scorer.scores(names.stream().map(kept::of).toList());
    Map<String, Double> byName = new HashMap<>();
    for (int i = 0; i < scores.length; i++) {
      byName.put(names.get(i), scores[i]);
    }
    return byName;
  }
}
