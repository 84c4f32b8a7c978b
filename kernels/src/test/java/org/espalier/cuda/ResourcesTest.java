package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * What NVIDIA's assembler says that the kernels need, for every device that the jar has code for,
 * is there on the device: no launch fails for want of registers or shared memory.
 */
class ResourcesTest {
  private static final Path FOLDER = Path.of(System.getProperty("espalier.ptx", "none"));
  private static final int REGISTERS = 64 * 1024;

  /** A warp takes registers in steps of this. */
  private static final int STEP = 256;

  /** Of a block, without asking for more; what is taken at the launch counts too. */
  private static final int SHARED_MEMORY = 48 * 1024;

  /** What every device has for a block that asks for it. */
  private static final int MOST_SHARED_MEMORY = 64 * 1024;

  private static final Set<String> ASKING =
      Set.of("depthwise_back", "point_grad64", "point_grad64_tf32");

  private static final Pattern ENTRY =
      Pattern.compile("Compiling entry function '(\\w+)' for '(sm_\\w+)'");
  private static final Pattern USED = Pattern.compile("Used (\\d+) registers");
  private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");
  private static final Pattern SPILLED = Pattern.compile("(\\d+) bytes spill stores");
  private static final Pattern THREADS =
      Pattern.compile("\\.entry (\\w+)\\([^)]*\\)\\s*(?:\\.maxntid (\\d+))?");

  private record Use(String kernel, String device, int registers, int shared, int spilled) {
    @Override
    public String toString() {
      return kernel + " on " + device;
    }
  }

  @Test
  void everyKernelFindsItsRegistersAndSharedMemory() throws IOException {
    List<Use> uses = new ArrayList<>();
    Map<String, Integer> threads = new HashMap<>();
    if (Files.isDirectory(FOLDER)) {
      try (Stream<Path> files = Files.list(FOLDER)) {
        for (Path file : files.toList()) {
          String text = Files.readString(file);
          if (file.toString().endsWith(".usage")) {
            uses.addAll(uses(text));
          } else {
            threads.putAll(threads(text));
          }
        }
      }
    }
    Assumptions.assumeFalse(uses.isEmpty(), "nvcc was not there to compile the kernels");
    for (Use use : uses) {
      int warps = (threads.getOrDefault(use.kernel(), 1024) + 31) / 32;
      int each = Math.ceilDiv(32 * use.registers(), STEP) * STEP;
      assertThat(warps * each).as("registers of " + use).isLessThanOrEqualTo(REGISTERS);
      assertThat(use.shared() + dynamic(use.kernel()))
          .as("shared memory of " + use)
          .isLessThanOrEqualTo(ASKING.contains(use.kernel()) ? MOST_SHARED_MEMORY : SHARED_MEMORY);
    }
    assertThat(uses.stream().map(Use::device).distinct()).contains("sm_80", "sm_90");
    uses.stream()
        .filter(use -> use.spilled() > 0)
        .forEach(use -> System.out.println(use + " spills " + use.spilled() + " bytes"));
  }

  private static int dynamic(String kernel) {
    if (kernel.equals("depthwise_back")) {
      return DepthwiseBackward.SHARED;
    }
    if (kernel.startsWith("point_grad")) {
      int channels = Integer.parseInt(kernel.replaceAll("\\D+(\\d+).*", "$1"));
      return PointGrads.sharedBytes(channels, kernel.endsWith("tf32"));
    }
    return kernel.startsWith("dense_weight") || kernel.startsWith("depthwise_weight")
        ? WeightGrads.SHARED
        : kernel.startsWith("dense")
            ? DenseConv.SHARED
            : kernel.startsWith("depthwise") ? DepthwiseConv.SHARED : 0;
  }

  private static List<Use> uses(String text) {
    List<Use> uses = new ArrayList<>();
    Matcher entry = ENTRY.matcher(text);
    while (entry.find()) {
      int end = text.indexOf("Compiling entry", entry.end());
      String about = text.substring(entry.end(), end < 0 ? text.length() : end);
      uses.add(
          new Use(
              entry.group(1),
              entry.group(2),
              number(USED, about),
              number(SHARED, about),
              number(SPILLED, about)));
    }
    return uses;
  }

  private static int number(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
  }

  /** Of a block at most: what the kernel says, or what every device takes. */
  private static Map<String, Integer> threads(String ptx) {
    Map<String, Integer> threads = new HashMap<>();
    Matcher entry = THREADS.matcher(ptx);
    while (entry.find()) {
      threads.put(entry.group(1), entry.group(2) == null ? 1024 : Integer.parseInt(entry.group(2)));
    }
    return threads;
  }
}
