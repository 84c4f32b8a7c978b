package org.espalier.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.InputException;
import org.espalier.search.MemoryLimit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options of both commands that run for long, beside those of their configuration. */
final class RunOptions {
  /** They go with {@code --resume}: they change nothing in the run. */
  private static final Set<String> HARMLESS = Set.of("--resume", "--memory-limit", "--verbose");

  /** What {@code --memory-limit} is. */
  static final String MEMORY_LIMIT =
      "Refuse a run that needs more memory, such as 6g or 800m. Default: what the JVM's heap has"
          + " room for.";

  private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Option(names = "--memory-limit", paramLabel = "SIZE", order = 29, description = MEMORY_LIMIT)
  private @Nullable String memoryLimit;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      order = 30,
      description = "Folder for the results; must be new or empty. Default: runs/TIME-SPACE-...")
  private @Nullable Path out;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      order = 31,
      description =
          "Continue the run in this folder where its checkpoint is; goes with no other option.")
  private @Nullable Path resume;

  /** The folder of the run to continue; null for a new run. */
  @Nullable Path resumed() {
    if (resume == null) {
      return null;
    }
    String refused =
        Stream.concat(
                spec.commandLine().getParseResult().matchedOptions().stream()
                    .map(option -> option.longestName()),
                spec.commandLine().getParseResult().matchedPositionals().stream()
                    .map(argument -> argument.paramLabel()))
            .filter(name -> !HARMLESS.contains(name))
            .collect(Collectors.joining(", "));
    if (!refused.isEmpty()) {
      throw new InputException(
          "--resume continues with the configuration stored in " + resume + "; drop " + refused);
    }
    if (!Files.isDirectory(resume)) {
      throw new InputException(
          "--resume "
              + resume
              + ": "
              + (Files.exists(resume) ? "is a file" : "there is no such folder")
              + "; the folder of an earlier run is wanted");
    }
    return resume;
  }

  /** What the run may need of memory. */
  MemoryLimit memoryLimit() {
    return memoryLimit(memoryLimit);
  }

  static MemoryLimit memoryLimit(@Nullable String size) {
    return size == null ? MemoryLimit.ofHeap() : MemoryLimit.parse(size);
  }

  /** Where a new run's files go. */
  Path folder(String name) {
    return out == null ? Path.of("runs", STAMP.format(LocalDateTime.now()) + "-" + name) : out;
  }
}
