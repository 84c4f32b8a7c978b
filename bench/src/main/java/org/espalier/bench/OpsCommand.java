package org.espalier.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/** {@code espalier bench ops}: JMH on {@link OpBenchmark}. */
@Command(
    name = "ops",
    header = "Time single operations with JMH, whose options it takes.",
    description =
        "For example 'ops forward -p work=CONV_3X3_C16 -p threads=1'; 'ops --help' shows JMH's.")
final class OpsCommand implements Callable<Integer> {
  private static final String HEADER =
      "work                  pass      threads          us         +-  GFLOP/s  of peak     GB/s "
          + " of cache";

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Unmatched private List<String> arguments = new ArrayList<>();

  @Override
  public Integer call() throws IOException, InterruptedException {
    String[] given =
        arguments.stream().map(a -> a.equals("--help") ? "-h" : a).toArray(String[]::new);
    CommandLineOptions options;
    try {
      options = new CommandLineOptions(given);
    } catch (CommandLineOptionException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    if (options.shouldHelp()
        || options.shouldList()
        || options.shouldListWithParams()
        || options.shouldListProfilers()
        || options.shouldListResultFormats()) {
      org.openjdk.jmh.Main.main(given);
      return 0;
    }
    try {
      // JMH tells its progress; the table is what this command prints.
      print(
          new Runner(
                  options,
                  OutputFormatFactory.createFormatInstance(
                      System.err, options.verbosity().orElse(VerboseMode.NORMAL)))
              .run());
      return 0;
    } catch (RunnerException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private void print(Collection<RunResult> results) throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    Map<Integer, Machine> machines = new TreeMap<>();
    for (RunResult result : results) {
      int threads = threads(result);
      if (!machines.containsKey(threads)) {
        machines.put(threads, Machine.measure(threads));
      }
    }
    out.println();
    machines.values().forEach(machine -> out.println("At most, measured: " + machine));
    out.println();
    out.println(HEADER);
    results.stream()
        .sorted(Comparator.comparingInt(OpsCommand::threads).thenComparing(OpsCommand::work))
        .forEach(
            result -> {
              Machine machine = machines.get(threads(result));
              if (machine != null) {
                out.println(line(result, machine));
              }
            });
    out.flush();
  }

  private static int threads(RunResult result) {
    int threads = Integer.parseInt(result.getParams().getParam("threads"));
    return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
  }

  private static OpCase work(RunResult result) {
    return OpCase.valueOf(result.getParams().getParam("work"));
  }

  private static String line(RunResult result, Machine machine) {
    String name = result.getParams().getBenchmark();
    String pass = name.substring(name.lastIndexOf('.') + 1);
    Result<?> time = result.getPrimaryResult();
    return line(work(result), pass, time.getScore(), time.getScoreError(), machine);
  }

  /** A row; beside the cache's bandwidth, as these tensors are used again and again. */
  static String line(OpCase work, String pass, double micros, double error, Machine machine) {
    boolean backward = pass.equals("backward");
    double gflops = work.flop(backward) / micros / 1e3;
    double gbytes = work.bytes(backward) / micros / 1e3;
    return String.format(
        Locale.ROOT,
        "%-20s  %-8s  %7d  %10.1f  %9.1f  %s  %7.1f    %5.0f %%",
        work,
        pass,
        machine.threads(),
        micros,
        error,
        gflops > 0
            ? String.format(Locale.ROOT, "%7.1f  %5.0f %%", gflops, 100 * gflops / machine.gflops())
            : " ".repeat(16),
        gbytes,
        100 * gbytes / machine.cache());
  }
}
