package org.espalier.cli;

import com.sun.management.OperatingSystemMXBean;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import jdk.incubator.vector.FloatVector;
import org.espalier.backend.cpu.CpuBackends;
import org.espalier.search.Environment;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code espalier info}: what a report of a problem should begin with. */
@Command(name = "info", description = "Show versions, the machine, and the devices found.")
final class InfoCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    out.print(
        new Table("ll")
            .row("Espalier", Environment.version())
            .row("Java", System.getProperty("java.vendor") + " " + Runtime.version())
            .row("", System.getProperty("java.home"))
            .row(
                "system",
                property("os.name") + " " + property("os.version") + " " + property("os.arch"))
            .row(
                "processor",
                Environment.processor()
                    + ", "
                    + Runtime.getRuntime().availableProcessors()
                    + " cores")
            .row("vectors", CpuBackends.simdAvailable() ? Lanes.describe() : "not usable")
            .row("memory", memory()));
    out.println();
    out.println("devices (--device auto takes the first that can be used)");
    ListCommand.devices().toString().lines().forEach(line -> out.println("  " + line));
  }

  private static String property(String name) {
    return System.getProperty(name, "?");
  }

  private static String memory() {
    String heap = gibibytes(Runtime.getRuntime().maxMemory()) + " for this process";
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? heap + ", " + gibibytes(system.getTotalMemorySize()) + " in all"
        : heap;
  }

  private static String gibibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / 0x1p30);
  }

  /** Apart: it links against a module that may be absent. */
  private static final class Lanes {
    static String describe() {
      return FloatVector.SPECIES_PREFERRED.length()
          + " floats ("
          + FloatVector.SPECIES_PREFERRED.vectorBitSize()
          + " bits)";
    }
  }
}
