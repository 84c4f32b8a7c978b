package org.espalier.cli;

import java.io.PrintWriter;
import org.espalier.search.Environment;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * The command {@code espalier}. Commands load what they need when they run: {@code --help} is to be
 * instant.
 */
@Command(
    name = "espalier",
    description = {
      "One-shot neural architecture search on the JVM.",
      "",
      "To start with:  espalier search",
      ""
    },
    subcommands = {
      SearchCommand.class,
      TrainCommand.class,
      ScoreCommand.class,
      TableCommand.class,
      RankCommand.class,
      InfoCommand.class,
      ListCommand.class
    },
    mixinStandardHelpOptions = true,
    versionProvider = Espalier.Version.class,
    scope = ScopeType.INHERIT,
    usageHelpWidth = 100)
final class Espalier {
  /** The command was not usable as it was given. */
  static final int BAD_INPUT = 2;

  /** As the shell counts an end by Ctrl-C. */
  static final int INTERRUPTED = 130;

  @Option(
      names = "--verbose",
      order = 40,
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of an error (so does ESPALIER_DEBUG=1).")
  private boolean verbose;

  /** Runs the command line; returns its exit code. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    CommandLine line = commandLine().setOut(out).setErr(err);
    try {
      return args.length == 0 ? line.execute("--help") : line.execute(args);
    } catch (Throwable thrown) { // picocli hands on errors, such as of memory
      return Faults.explain(thrown, line);
    } finally {
      out.flush();
      err.flush();
    }
  }

  static CommandLine commandLine() {
    return new CommandLine(new Espalier())
        .setParameterExceptionHandler((e, args) -> Faults.misused(e))
        .setExecutionExceptionHandler((e, line, parsed) -> Faults.explain(e, line));
  }

  /** Whether stack traces are wanted. */
  boolean verbose() {
    return verbose || System.getenv("ESPALIER_DEBUG") != null;
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"Espalier " + Environment.version(), "Java " + Runtime.version()};
    }
  }
}
