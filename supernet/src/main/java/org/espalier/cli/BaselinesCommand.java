package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.espalier.InputException;
import org.espalier.benchmark.AccuracyKey;
import org.espalier.benchmark.BaselineStudy;
import org.espalier.benchmark.PublishedResult;
import org.espalier.benchmark.SearchTask;
import org.espalier.benchmark.TabularBenchmark;
import org.espalier.report.BaselineReport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code espalier table baselines}: black-box searches on a table. */
@Command(
    name = "baselines",
    sortOptions = false,
    description = {
      "Run black-box searches on a table, each with many seeds, beside the published results.",
      "An architecture is tried with 12 epochs, in the seconds that the table has for them.",
      ""
    })
final class BaselinesCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Parameters(paramLabel = "TABLE", description = "A converted table.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private Path file;

  @Option(
      names = "--methods",
      paramLabel = "NAME",
      split = ",",
      description = "Some of random, rea, local, reinforce, successive-halving, hyperband, bohb.")
  private List<String> methods = BaselineStudy.methods();

  @Option(names = "--dataset", paramLabel = "NAME", description = "Searched on. Default: cifar10.")
  private String dataset = "cifar10";

  @Option(names = "--seeds", paramLabel = "N", description = "Runs of each search. Default: 500.")
  private int seeds = PublishedResult.RUNS;

  @Option(
      names = "--budget",
      paramLabel = "SECONDS",
      description = "Of a run, by the table's clock. Default: 12000.")
  private double budget = PublishedResult.BUDGET;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE.html",
      description = "Write a report with the regret over time.")
  private @Nullable Path out;

  @Override
  public void run() {
    if (seeds < 1 || !(budget > 0)) {
      throw new InputException(
          "--seeds %d --budget %s: both must be above zero".formatted(seeds, budget));
    }
    TabularBenchmark table = TabularBenchmark.open(file);
    SearchTask task = SearchTask.of(table, dataset);
    BaselineStudy.Study study = BaselineStudy.run(task, methods, seeds, budget);
    List<String> notes = notes(table, task);
    spec.commandLine().getOut().print(text(study));
    notes.forEach(note -> spec.commandLine().getOut().println("note: " + note));
    if (out != null) {
      BaselineReport.write(page(study, notes), out);
      spec.commandLine().getOut().println("report: " + out);
    }
  }

  private static Table text(BaselineStudy.Study study) {
    List<AccuracyKey> keys = study.task().results();
    Table table = new Table("lr" + "r".repeat(keys.size()));
    table.row(row("search", "trainings", keys, AccuracyKey::dataset));
    for (BaselineStudy.Outcome outcome : study.outcomes()) {
      table.row(
          row(
              outcome.method(),
              decimal(outcome.trials(), 1),
              outcome.results(),
              BaselinesCommand::text));
      if (keys.stream().anyMatch(key -> !published(study, outcome, key).isEmpty())) {
        table.row(row("  published", "", keys, key -> published(study, outcome, key)));
      }
    }
    return table;
  }

  private static <T> String[] row(
      String first, String second, List<T> values, Function<T, String> text) {
    List<String> cells = new ArrayList<>(List.of(first, second));
    values.forEach(value -> cells.add(text.apply(value)));
    return cells.toArray(String[]::new);
  }

  private static String text(BaselineStudy.Result result) {
    return decimal(result.mean(), 2) + " ± " + decimal(result.deviation(), 2);
  }

  private static String published(
      BaselineStudy.Study study, BaselineStudy.Outcome outcome, AccuracyKey key) {
    Optional<PublishedResult> known = PublishedResult.of(study, outcome.method(), key);
    return known
        .map(
            r ->
                Double.isNaN(r.deviation())
                    ? decimal(r.mean(), 2)
                    : decimal(r.mean(), 2) + " ± " + decimal(r.deviation(), 2))
        .orElse("");
  }

  private static String decimal(double value, int decimals) {
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  private static List<String> notes(TabularBenchmark table, SearchTask task) {
    List<String> notes = new ArrayList<>(table.notes());
    if (!task.drawsSeeds()) {
      notes.add(
          "the table has the mean validation accuracy over seeds only; published runs see that of"
              + " one seed, drawn at random");
    }
    if (!task.validatesEarly()) {
      notes.add(
          "the table has no validation accuracy before epoch 12: each rung of successive halving,"
              + " Hyperband and BOHB is a training of 12 epochs, as it is in NAS-Bench-201's own"
              + " BOHB");
    }
    return notes;
  }

  private static BaselineReport.Content page(BaselineStudy.Study study, List<String> notes) {
    List<AccuracyKey> keys = study.task().results();
    return new BaselineReport.Content(
        "Black-box searches",
        List.of(
            "searched on " + study.task().dataset(),
            study.seeds() + " runs each",
            decimal(study.budget(), 0) + " s",
            "best of the table " + decimal(study.best(), 2) + " %"),
        keys.stream().map(AccuracyKey::dataset).toList(),
        study.outcomes().stream()
            .map(
                outcome ->
                    new BaselineReport.Search(
                        outcome.method(),
                        outcome.description(),
                        decimal(outcome.trials(), 1),
                        outcome.results().stream().map(BaselinesCommand::text).toList(),
                        keys.stream().map(key -> published(study, outcome, key)).toList(),
                        outcome.regret()))
            .toList(),
        study.seconds(),
        study.task().dataset(),
        notes);
  }
}
