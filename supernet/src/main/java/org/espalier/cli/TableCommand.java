package org.espalier.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.espalier.InputException;
import org.espalier.benchmark.TableConversion;
import org.espalier.benchmark.TabularBenchmark;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code espalier table}: tabular benchmarks. */
@Command(
    name = "table",
    description = {
      "Convert and query tables of trained architectures: NAS-Bench-201, NATS-Bench,"
          + " NAS-Bench-Macro, HW-NAS-Bench.",
      ""
    },
    subcommands = {BaselinesCommand.class})
final class TableCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  @Command(
      name = "convert",
      sortOptions = false,
      description = {
        "Make a compact file of what a benchmark's authors publish; it opens in milliseconds.",
        ""
      })
  int convert(
      @Parameters(
              paramLabel = "SRC",
              arity = "1..*",
              description =
                  "A folder of NATS-Bench (*.pickle.pbz2), or CSV files: accuracies of"
                      + " NAS-Bench-201 or NAS-Bench-Macro, latencies of HW-NAS-Bench. Several are"
                      + " joined.")
          List<Path> sources,
      @Option(
              names = {"-o", "--out"},
              paramLabel = "FILE",
              required = true,
              description = "The table, over what is there.")
          Path file) {
    PrintWriter out = spec.commandLine().getOut();
    long start = System.nanoTime();
    int rows = TableConversion.convert(sources, file, done -> progress(out, start, done));
    out.printf(Locale.ROOT, "%s: %,d architectures%n", file, rows);
    TabularBenchmark.open(file).notes().forEach(out::println);
    return 0;
  }

  /** All records of NATS-Bench take minutes. */
  private static void progress(PrintWriter out, long start, int done) {
    long seconds = (System.nanoTime() - start) / 1_000_000_000;
    if (done % 1000 == 0 && seconds > 2) {
      out.printf(Locale.ROOT, "%,d after %d s%n", done, seconds);
      out.flush();
    }
  }

  @Command(
      name = "info",
      description = {"Show what a table holds.", ""})
  int info(@Parameters(paramLabel = "TABLE", description = "A converted table.") Path file) {
    TabularBenchmark table = TabularBenchmark.open(file);
    Table facts =
        new Table("ll")
            .row("benchmark", table.space().id())
            .row("architectures", String.format(Locale.ROOT, "%,d", table.count()));
    table.notes().forEach(note -> facts.row("note", note));
    facts.row("columns", String.join(", ", table.columns()));
    spec.commandLine().getOut().print(facts);
    return 0;
  }

  @Command(
      name = "query",
      description = {"Show what a table knows of an architecture, the last of several epochs.", ""})
  int query(
      @Parameters(paramLabel = "TABLE", description = "A converted table.") Path file,
      @Parameters(
              paramLabel = "ARCH",
              description =
                  "An architecture as the benchmark's authors write it, or its number in the"
                      + " table.")
          String architecture) {
    TabularBenchmark table = TabularBenchmark.open(file);
    int index = index(table, architecture);
    Table figures =
        new Table("lrl").row("architecture", String.valueOf(index), table.architecture(index));
    for (TabularBenchmark.Figure figure : table.figures(index)) {
      figures.row(
          figure.column(),
          String.format(Locale.ROOT, figure.value() > 1e5 ? "%,.0f" : "%.4f", figure.value()),
          figure.firstEpoch() < figure.lastEpoch()
              ? "epochs %d to %d".formatted(figure.firstEpoch(), figure.lastEpoch())
              : "");
    }
    spec.commandLine().getOut().print(figures);
    return 0;
  }

  private static int index(TabularBenchmark table, String architecture) {
    boolean number = architecture.matches("[0-9]{1,6}") && architecture.length() < 8;
    if (!number) {
      return table.index(architecture);
    }
    int index = Integer.parseInt(architecture);
    if (index >= table.size() || !table.has(index)) {
      throw new InputException(
          "the table has no figures of architecture %s; its numbers go from 0 to %d"
              .formatted(architecture, table.size() - 1));
    }
    return index;
  }
}
