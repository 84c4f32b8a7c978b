package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.InputException;
import org.espalier.benchmark.AccuracyKey;
import org.espalier.benchmark.ArchitectureScorer;
import org.espalier.benchmark.Column;
import org.espalier.benchmark.RankStatistics;
import org.espalier.benchmark.Ranking;
import org.espalier.benchmark.ScoreFile;
import org.espalier.benchmark.Split;
import org.espalier.benchmark.TabularBenchmark;
import org.espalier.report.RankReport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code espalier rank}: how well scores order the architectures of a table. */
@Command(
    name = "rank",
    sortOptions = false,
    description = {
      "Compare how scores order architectures with how their accuracies do. The scores are those"
          + " of a file, a column of the table, or what a trained supernet or a zero-cost proxy"
          + " makes of a sample.",
      ""
    })
final class RankCommand implements Callable<Integer> {
  private static final int SHOWN = 10;

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Parameters(paramLabel = "TABLE", description = "A table that 'espalier table convert' made.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private Path file;

  /** Where scores are from. */
  static final class Source {
    @Option(
        names = "--scores",
        required = true,
        paramLabel = "FILE.csv",
        description = "Scores: a column 'arch', and columns of numbers, the larger the better.")
    private @Nullable Path scores;

    @Option(
        names = "--by",
        required = true,
        paramLabel = "COLUMN",
        description =
            "A column of the table, such as parameters/cifar10 or accuracy/cifar10/test/12/mean.")
    private @Nullable String by;

    @ArgGroup(exclusive = false)
    private @Nullable SampleScores sample;
  }

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // by picocli
  private Source source;

  @Option(
      names = "--column",
      paramLabel = "NAME",
      description = "Which column of the scores, where there are several.")
  private String column = "";

  @Option(
      names = "--dataset",
      paramLabel = "NAME",
      description = "Whose accuracy counts. Default: cifar10.")
  private String dataset = "cifar10";

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "The schedule that it is of. Default: the longest.")
  private @Nullable Integer epochs;

  @Option(
      names = "--top",
      paramLabel = "K",
      split = ",",
      description = "How many are tried, for precision and regret. Default: 1,10,100.")
  private List<Integer> top = List.of(1, 10, 100);

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE.html",
      description = "Write a report with a scatter plot.")
  private @Nullable Path out;

  @Override
  public Integer call() {
    if (top.stream().anyMatch(k -> k < 1)) {
      throw new InputException("--top " + top + ": numbers above zero are wanted");
    }
    TabularBenchmark table = TabularBenchmark.open(file);
    SampleScores sample = source.sample;
    if (sample == null) {
      Scores asked = scores(table);
      Ranking ranking = Ranking.of(table, key(table), asked.scorer, asked.indexes);
      spec.commandLine().getOut().print(shown(ranking, asked.name, List.of()));
      return CommandLine.ExitCode.OK;
    }
    return sample.rank(
        file,
        table,
        key(table),
        spec.commandLine(),
        ranking -> shown(ranking, sample.name(), sample.notes()));
  }

  private String shown(Ranking ranking, String name, List<String> notes) {
    List<RankReport.Statistic> statistics = statistics(ranking);
    Table text = new Table("lrl");
    text.row(
        "architectures",
        String.format(Locale.ROOT, "%,d", ranking.indexes().length),
        ranking.dropped() == 0 ? "" : ranking.dropped() + " more have no score or no accuracy");
    statistics.forEach(s -> text.row(s.name(), s.value(), s.meaning()));
    if (out == null) {
      return text.toString();
    }
    RankReport.write(page(ranking, name, statistics, notes), out);
    return text + "report: " + out + "\n";
  }

  private record Scores(String name, int[] indexes, ArchitectureScorer scorer) {}

  private Scores scores(TabularBenchmark table) {
    if (source.scores != null) {
      ScoreFile read = ScoreFile.read(source.scores, column, table);
      return new Scores(read.name(), read.indexes(), read.scorer());
    }
    String by = String.valueOf(source.by);
    Column values = table.column(by);
    int[] all = IntStream.range(0, table.size()).filter(table::has).toArray();
    return new Scores(by, all, architecture -> values.at(table.index(architecture)));
  }

  private AccuracyKey key(TabularBenchmark table) {
    int schedule =
        epochs != null
            ? epochs
            : table.accuracies().stream()
                .filter(a -> a.dataset().equals(dataset) && a.split() == Split.TEST)
                .mapToInt(AccuracyKey::schedule)
                .max()
                .orElse(0);
    return new AccuracyKey(dataset, Split.TEST, schedule, AccuracyKey.MEAN);
  }

  private List<RankReport.Statistic> statistics(Ranking ranking) {
    List<RankReport.Statistic> all = new ArrayList<>();
    all.add(statistic("Kendall's tau-b", ranking.kendall(), "concordant less discordant pairs"));
    all.add(statistic("Spearman's rho", ranking.spearman(), "correlation of ranks"));
    all.add(statistic("Pearson's r", ranking.pearson(), "linear correlation"));
    baseline(ranking).ifPresent(all::add);
    for (int k : top) {
      all.add(
          statistic(
              "precision at " + k,
              ranking.precisionAtTop(k),
              "share of the best " + k + " by score that are among the most accurate " + k));
      all.add(
          statistic(
              "regret of best of " + k,
              ranking.regretOfBest(k),
              "points of accuracy below the best of all"));
    }
    return all;
  }

  /** The same for the number of parameters: what a score has to beat. */
  private static Optional<RankReport.Statistic> baseline(Ranking ranking) {
    TabularBenchmark table = ranking.table();
    return table.columns().stream()
        .filter(name -> name.startsWith("parameters/"))
        .findFirst()
        .map(table::column)
        .map(parameters -> Arrays.stream(ranking.indexes()).mapToDouble(parameters::at).toArray())
        .map(parameters -> RankStatistics.kendall(parameters, ranking.accuracies()))
        .map(tau -> statistic("tau-b of parameters", tau, "the baseline, same architectures"));
  }

  private static RankReport.Statistic statistic(String name, double value, String meaning) {
    String text = Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.3f", value);
    return new RankReport.Statistic(name, text, meaning);
  }

  private static RankReport.Content page(
      Ranking ranking, String name, List<RankReport.Statistic> statistics, List<String> notes) {
    AccuracyKey key = ranking.key();
    List<RankReport.Best> best =
        Arrays.stream(ranking.best(SHOWN))
            .mapToObj(
                at ->
                    new RankReport.Best(
                        ranking.table().architecture(ranking.indexes()[at]),
                        String.format(Locale.ROOT, "%.6g", ranking.scores()[at]),
                        ranking.accuracies()[at],
                        ranking.place(at)))
            .toList();
    return new RankReport.Content(
        name,
        "accuracy on %s after %d epochs".formatted(key.dataset(), key.schedule()),
        statistics,
        best,
        ranking.scores(),
        ranking.accuracies(),
        ranking.indexes(),
        Stream.concat(notes.stream(), ranking.table().notes().stream()).toList());
  }
}
