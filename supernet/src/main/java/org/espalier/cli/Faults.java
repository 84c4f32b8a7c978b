package org.espalier.cli;

import java.io.PrintWriter;
import java.util.List;
import org.espalier.InputException;
import org.espalier.backend.DeviceException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is said when a command fails: one line, and no stack trace unless it is asked for. */
final class Faults {
  private Faults() {}

  /** For options and arguments that the command does not take. */
  static int misused(ParameterException e) {
    CommandLine line = e.getCommandLine();
    String remedy = "";
    if (e instanceof UnmatchedArgumentException unmatched) {
      List<String> near = unmatched.getSuggestions();
      remedy = near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
    }
    String command = line.getCommandSpec().qualifiedName();
    return say(
        line,
        e,
        decapitalised(String.valueOf(e.getMessage())) + remedy + "; try '" + command + " --help'",
        Espalier.BAD_INPUT);
  }

  /** For all that a command throws. */
  static int explain(Throwable thrown, CommandLine line) {
    return switch (thrown) {
      case ParameterException e -> misused(e);
      case InputException e -> say(line, e, String.valueOf(e.getMessage()), Espalier.BAD_INPUT);
      case DeviceException e ->
          say(line, e, String.valueOf(e.getMessage()), CommandLine.ExitCode.SOFTWARE);
      case OutOfMemoryError e ->
          say(
              line,
              e,
              "out of memory ("
                  + e.getMessage()
                  + "): give the JVM more with"
                  + " ESPALIER_JAVA_OPTS=-Xmx8g, or take a smaller --batch",
              CommandLine.ExitCode.SOFTWARE);
      default ->
          say(
              line,
              thrown,
              "this should not happen: " + thrown + "; --verbose shows where",
              CommandLine.ExitCode.SOFTWARE);
    };
  }

  private static int say(CommandLine line, Throwable thrown, String message, int code) {
    PrintWriter err = line.getErr();
    line.getOut().flush();
    err.println("espalier: " + oneLine(message));
    if (root(line).verbose()) {
      thrown.printStackTrace(err);
    }
    err.flush();
    return code;
  }

  private static Espalier root(CommandLine line) {
    return (Espalier) line.getCommandSpec().root().userObject();
  }

  /** Parsers explain themselves over several lines, with an excerpt of what they read. */
  private static String oneLine(String message) {
    return message.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  /** "Unknown option" in the midst of a line. */
  private static String decapitalised(String message) {
    return message.isEmpty() || message.length() > 1 && Character.isUpperCase(message.charAt(1))
        ? message
        : Character.toLowerCase(message.charAt(0)) + message.substring(1);
  }
}
