package org.espalier.bench;

import java.io.PrintWriter;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;

/** Where a command's results go, and what it is about meanwhile; line by line, at once. */
record Console(PrintWriter out, PrintWriter err) {
  static Console of(CommandSpec spec) {
    return new Console(spec.commandLine().getOut(), spec.commandLine().getErr());
  }

  void print(String format, Object... values) {
    out.println(String.format(Locale.ROOT, format, values));
    out.flush();
  }

  void progress(String format, Object... values) {
    err.println("… " + String.format(Locale.ROOT, format, values));
    err.flush();
  }
}
