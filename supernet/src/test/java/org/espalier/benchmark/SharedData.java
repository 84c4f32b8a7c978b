package org.espalier.benchmark;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** Data beside the project, which it may not carry. */
public final class SharedData {
  private SharedData() {}

  /** A file or folder of {@code shared/data}; the test is skipped where it is absent. */
  public static Path of(String name) {
    Path start = Path.of(System.getProperty("basedir", ".")).toAbsolutePath().normalize();
    for (@Nullable Path at = start; at != null; at = at.getParent()) {
      Path found = at.resolve("shared/data").resolve(name);
      if (Files.exists(found)) {
        return found;
      }
    }
    return Assumptions.abort("no shared/data/" + name + " beside the project");
  }
}
