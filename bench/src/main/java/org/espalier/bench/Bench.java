package org.espalier.bench;

import java.io.IOException;
import java.util.Arrays;

/** {@code espalier bench step ...} and {@code espalier bench ops ...}. */
public final class Bench {
  private Bench() {}

  /** Runs {@link StepBenchmark}, or JMH on {@link OpBenchmark}, with the arguments that follow. */
  public static void main(String[] args) throws IOException, InterruptedException {
    String[] rest = args.length == 0 ? args : Arrays.copyOfRange(args, 1, args.length);
    switch (args.length == 0 ? "" : args[0]) {
      case "step" -> StepBenchmark.main(rest);
      case "ops" -> org.openjdk.jmh.Main.main(rest);
      default -> {
        System.err.println(
            "espalier bench: 'step' or 'ops' is wanted; both take options, see bench/RESULTS.md");
        System.exit(2);
      }
    }
  }
}
