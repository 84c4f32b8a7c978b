package org.espalier.cli;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.espalier.data.Dataset;
import org.espalier.search.Configuration;
import org.espalier.search.Devices;
import org.espalier.search.MemoryLimit;
import org.espalier.search.MemoryPlan;
import org.espalier.search.PhaseMemory;

/** What a search needs of memory, as {@code espalier info} shows it: a column for each phase. */
final class MemoryTable {
  private final List<PhaseMemory> phases;
  private final Table table;

  private MemoryTable(List<PhaseMemory> phases) {
    this.phases = phases;
    table = new Table("l" + "r".repeat(phases.size()) + "l");
  }

  static String of(Configuration configuration, Dataset data, MemoryPlan plan) {
    MemoryTable memory = new MemoryTable(plan.phases());
    memory.row("memory", PhaseMemory::phase, "");
    memory.row("batch", phase -> String.valueOf(phase.batch()), "images");
    memory.bytes("activations", PhaseMemory::activations, "of a step, and of a test");
    memory.bytes("parameters", PhaseMemory::parameters, "gradients and optimisers with them");
    memory.bytes("workspace", PhaseMemory::workspace, "of kernels, estimated");
    MemoryLimit limit = Devices.memoryLimit(configuration.device());
    boolean heap = limit.device() == null;
    memory.bytes("batches", PhaseMemory::batches, heap ? "in use and prepared" : "in use");
    if (heap) {
      memory.bytes("checkpoint", PhaseMemory::checkpoint, "while it is written");
    }
    memory.bytes("images", phase -> plan.images(), "of " + data.name());
    memory.bytes("in all", plan::bytes, "");
    return configuration.strategy()
        + " on "
        + configuration.space()
        + ", "
        + data
        + "\n\n"
        + memory.table
        + "\n"
        + plan.objection(limit).orElse("fits the " + limit)
        + "\n";
  }

  private void bytes(String what, Function<PhaseMemory, Long> bytes, String note) {
    row(what, phase -> MemoryLimit.format(bytes.apply(phase)), note);
  }

  private void row(String what, Function<PhaseMemory, String> cell, String note) {
    table.row(
        Stream.of(Stream.of(what), phases.stream().map(cell), Stream.of(note))
            .flatMap(cells -> cells)
            .toArray(String[]::new));
  }
}
