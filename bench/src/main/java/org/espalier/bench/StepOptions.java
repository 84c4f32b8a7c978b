package org.espalier.bench;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What is measured, and how often. */
final class StepOptions {
  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec command;

  private int steps;
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli looks at it
  private boolean help;

  @Option(
      names = "--only",
      paramLabel = "TEXT",
      description = "Nets whose name contains it, such as darts or N=1 (default: all).")
  private String only = "";

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "10",
      description = "Steps to measure (default: ${DEFAULT-VALUE}).")
  void steps(int given) {
    steps = atLeastOne("--steps", given);
  }

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of ours and of PyTorch (default: one a core).")
  void threads(int given) {
    threads = atLeastOne("--threads", given);
  }

  private int atLeastOne(String option, int given) {
    if (given < 1) {
      throw new ParameterException(
          command.commandLine(), option + " " + given + ": at least 1 is wanted");
    }
    return given;
  }

  List<Net> nets() {
    return nets(Net.ALL);
  }

  /** Those of {@code all} that are wanted. */
  List<Net> nets(List<Net> all) {
    return Net.containing(all, only);
  }

  int steps() {
    return steps;
  }

  int threads() {
    return threads;
  }
}
