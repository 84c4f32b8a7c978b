package org.espalier.search;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.espalier.backend.Backend;
import org.espalier.data.Dataset;

/** Where a run took place: what its report has to say for others to repeat it. */
public final class Environment {
  private Environment() {}

  /** Version of this build. */
  public static String version() {
    String version = Environment.class.getPackage().getImplementationVersion();
    return version == null ? "development build" : version;
  }

  /** Name of the processor, as the operating system tells it. */
  public static String processor() {
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith("model name"))
          .findFirst()
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }

  /** Bytes of memory of this machine, or that this process's container has, where they are told. */
  public static OptionalLong memory() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? OptionalLong.of(system.getTotalMemorySize())
        : OptionalLong.empty();
  }

  static Map<String, String> describe(Configuration configuration, Dataset data, Backend backend) {
    int cores = Runtime.getRuntime().availableProcessors();
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("Espalier", version());
    environment.put("Java", System.getProperty("java.vendor") + " " + Runtime.version());
    environment.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    environment.put("processor", processor() + ", " + cores + " cores");
    environment.put("device", backend.name());
    environment.put(
        "threads", String.valueOf(configuration.threads() == 0 ? cores : configuration.threads()));
    environment.put("seed", String.valueOf(configuration.seed()));
    environment.put(
        "data",
        "%s: %d training and %d test images, %dx%dx%d, %d classes"
            .formatted(
                data.name(),
                data.train().size(),
                data.test().size(),
                data.height(),
                data.width(),
                data.channels(),
                data.classCount()));
    environment.put(
        "batch norm in search", "statistics of the batch, affine outside the cells only");
    environment.put("batch norm in training", "affine, tracked statistics (momentum 0.1) in tests");
    return environment;
  }
}
