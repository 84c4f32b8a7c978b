package org.espalier.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import jdk.incubator.vector.FloatVector;
import org.espalier.backend.Accelerator;
import org.espalier.backend.cpu.CpuBackends;
import org.espalier.data.Dataset;
import org.espalier.data.Datasets;
import org.espalier.search.Configuration;
import org.espalier.search.Devices;
import org.espalier.search.Environment;
import org.espalier.search.MemoryPlan;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * {@code espalier info}: what a report of a problem should begin with; with options of a search,
 * what that would need.
 */
@Command(
    name = "info",
    sortOptions = false,
    sortSynopsis = false,
    description = {
      "Show versions, the machine, and the devices found.",
      "With the options of a search: what it would need of memory.",
      ""
    })
final class InfoCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Mixin private final SearchOptions search = new SearchOptions();

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    if (asksForARun()) {
      Configuration configuration = search.configuration();
      Dataset data = Datasets.open(configuration.data());
      out.print(MemoryTable.of(configuration, data, MemoryPlan.ofSearch(configuration, data)));
    } else {
      machine(out);
    }
  }

  /** Whether an option of a configuration is there. */
  private boolean asksForARun() {
    return spec.commandLine().getParseResult().matchedOptions().stream()
        .anyMatch(option -> !option.longestName().equals("--verbose"));
  }

  private static void machine(PrintWriter out) {
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
    List<Accelerator.Finding> findings = Devices.findings();
    if (!findings.isEmpty()) {
      out.println();
      out.println("libraries");
      Table table = new Table("lll");
      findings.forEach(
          each -> table.row(each.what(), each.found() == null ? "no" : each.found(), each.cost()));
      table.toString().lines().forEach(line -> out.println("  " + line));
    }
  }

  private static String property(String name) {
    return System.getProperty(name, "?");
  }

  private static String memory() {
    String heap = gibibytes(Runtime.getRuntime().maxMemory()) + " for this process";
    return Environment.memory().isPresent()
        ? heap + ", " + gibibytes(Environment.memory().getAsLong()) + " in all"
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
