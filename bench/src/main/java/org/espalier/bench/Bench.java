package org.espalier.bench;

import java.io.PrintWriter;
import org.espalier.InputException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code espalier bench}. */
@Command(
    name = "espalier bench",
    description = {"Measure what Espalier takes.", ""},
    subcommands = {
      StepCommand.class,
      ProfileCommand.class,
      OpsCommand.class,
      ProxiesCommand.class,
      GpuCommand.class,
      EpochCommand.class
    })
public final class Bench {
  private static final int BAD_INPUT = 2;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli looks at it
  private boolean help;

  private Bench() {}

  /** Runs one of the commands and ends the process with its exit code. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args.length == 0 ? new String[] {"--help"} : args));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Bench())
        .setUsageHelpWidth(100)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((e, args) -> misused(e))
        .setExecutionExceptionHandler(
            (e, line, parsed) ->
                switch (e) {
                  case InputException input -> say(line, String.valueOf(input.getMessage()));
                  case ParameterException misuse -> misused(misuse);
                  default -> throw e;
                });
  }

  private static int misused(ParameterException e) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    return say(e.getCommandLine(), e.getMessage() + "; try '" + command + " --help'");
  }

  private static int say(CommandLine line, String message) {
    PrintWriter err = line.getErr();
    err.println("espalier bench: " + message.strip().replaceAll("\\s*\\R\\s*", " "));
    err.flush();
    return BAD_INPUT;
  }
}
