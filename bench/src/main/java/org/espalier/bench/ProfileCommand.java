package org.espalier.bench;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.espalier.backend.Backend;
import org.espalier.search.Devices;
import org.espalier.search.Environment;
import org.espalier.strategy.Strategies;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code espalier bench profile}: which kernels a step consists of. */
@Command(
    name = "profile",
    header = "Show which kernels a training step consists of.",
    description = {
      "For each its share of the step, calls, milliseconds, GFLOP/s of convolutions (a multiply-add"
          + " counts two) and GB/s (each buffer that a call names counts once), beside what the"
          + " machine is measured to do at most.",
      ""
    })
final class ProfileCommand implements Callable<Integer> {
  private static final int WARMUP = 10;

  private static final String HEADER =
      " share    calls        ms  GFLOP/s  of peak     GB/s  of memory  kernel";

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Mixin private final StepOptions options = new StepOptions();

  @Option(
      names = "--strategy",
      paramLabel = "NAME",
      description =
          "What is computed of the supernet: all of it (${DEFAULT-VALUE}), or the paths that gdas"
              + " or random draw.")
  private String strategy = "darts";

  @Override
  public Integer call() throws InterruptedException {
    List<Net> nets = options.nets();
    Strategies.of(strategy); // a name that is none is refused before anything is measured
    int threads = options.threads();
    try (Backend backend = Devices.open("simd", threads)) {
      console().progress("measuring what the machine can do");
      Machine all = Machine.measure(threads);
      console().print("%s, Java %s", Environment.processor(), Runtime.version().feature());
      console()
          .print("At most, measured: " + (threads == 1 ? all : Machine.measure(1) + "; " + all));
      console()
          .print(
              "(fused multiply-adds in registers; triad over %d MiB and over %d MiB)",
              Machine.MEMORY_MIB, Machine.CACHE_MIB);
      for (Net net : nets) {
        console().progress("profiling %s on %s, %d steps", strategy, net, options.steps());
        profile(net, backend, all);
        backend.memory().trim();
      }
    }
    return 0;
  }

  /** Steps with and without the timer take turns, so that what disturbs one disturbs the other. */
  private void profile(Net net, Backend backend, Machine machine) {
    KernelTimer timer = new KernelTimer(backend);
    SupernetStep plain = new SupernetStep(net, strategy, backend);
    SupernetStep timed = new SupernetStep(net, strategy, timer.timed());
    int steps = options.steps();
    double[] without = new double[steps];
    double[] with = new double[steps];
    plain.warmUp(WARMUP);
    timed.take(1);
    timer.restart();
    for (int i = 0; i < steps; i++) {
      without[i] = plain.take(1)[0];
      with[i] = timed.take(1)[0];
    }
    console().print("");
    console().print("%s, %s", net, strategy);
    console().print("%s", overhead(Timing.of(without).median(), Timing.of(with).median()));
    console().print("");
    table(timer, steps, Arrays.stream(with).sum(), machine);
  }

  private void table(KernelTimer timer, int steps, double seconds, Machine machine) {
    console().print("%s", HEADER);
    Map<String, KernelTimer.Sum> sums = timer.sums();
    sums.entrySet().stream()
        .sorted(
            Comparator.comparingDouble(
                (Map.Entry<String, KernelTimer.Sum> sum) -> -sum.getValue().seconds()))
        .forEach(
            sum ->
                console().print("%s", line(sum.getKey(), sum.getValue(), steps, seconds, machine)));
    double kernels = sums.values().stream().mapToDouble(KernelTimer.Sum::seconds).sum();
    double rest = seconds - kernels - timer.ownSeconds();
    console()
        .print(
            "%s", line("(no kernel: the tape, the search)", none(rest), steps, seconds, machine));
    console().print("%s", line("(this timer)", none(timer.ownSeconds()), steps, seconds, machine));
  }

  private static KernelTimer.Sum none(double seconds) {
    return new KernelTimer.Sum(0, seconds, 0, 0);
  }

  /** A row: what all steps took, as one step's. */
  static String line(
      String kernel, KernelTimer.Sum sum, int steps, double seconds, Machine machine) {
    return String.format(
        Locale.ROOT,
        "%5.1f %%  %7s  %8.3f  %s  %s    %s",
        100 * sum.seconds() / seconds,
        sum.calls() == 0 ? "" : String.format(Locale.ROOT, "%.0f", (double) sum.calls() / steps),
        1e3 * sum.seconds() / steps,
        rate(sum.flop() / sum.seconds(), machine.gflops()),
        rate(sum.bytes() / sum.seconds(), machine.memory()),
        kernel);
  }

  /**
   * Thousands of millions per second, and the share of what is possible; blank if there is none.
   */
  private static String rate(double perSecond, double possible) {
    return perSecond > 0
        ? String.format(
            Locale.ROOT, "%7.1f  %5.0f %%", perSecond / 1e9, 100 * perSecond / 1e9 / possible)
        : " ".repeat(16);
  }

  static String overhead(double without, double with) {
    return String.format(
        Locale.ROOT,
        "a step: %.4f s, with the timer %.4f s (%+.1f %%), medians",
        without,
        with,
        100 * (with / without - 1));
  }

  private Console console() {
    return Console.of(spec);
  }
}
