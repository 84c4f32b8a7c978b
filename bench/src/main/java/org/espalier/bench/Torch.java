package org.espalier.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.espalier.InputException;

/**
 * PyTorch, as a Python has it.
 *
 * @param python the command that starts the Python
 * @param version of PyTorch
 */
record Torch(String python, String version) {
  /** What is looked for on the PATH. */
  static final List<String> USUAL = List.of("python3", "python");

  private static final int WARMUP = 3;

  /** The first import may have to read a gigabyte of libraries from a slow disk. */
  private static final int IMPORT_SECONDS = 120;

  /**
   * What a step takes in PyTorch.
   *
   * @param compiling seconds by which the first steps took longer than those that were measured
   * @param resident bytes of the process at its peak
   * @param device bytes of the GPU's memory at their peak; 0 on the CPU
   * @param kernels that it launches; 0 where nobody counted
   */
  record Cost(Timing timing, double compiling, long resident, long device, long kernels) {
    static Cost of(JsonNode result) {
      double median = result.path("median_s").asDouble();
      return new Cost(
          new Timing(median, result.path("min_s").asDouble(), result.path("max_s").asDouble()),
          Math.max(0, result.path("warmup_s").asDouble() - WARMUP * median),
          result.path("peak_rss_mib").asLong() << 20,
          result.path("peak_device_mib").asLong() << 20,
          result.path("kernels").asLong());
    }
  }

  /** The Python that is asked for; without one, the first of {@link #USUAL} that has torch. */
  static Optional<Torch> find(Optional<String> asked) throws InterruptedException {
    for (String python : asked.map(List::of).orElse(USUAL)) {
      Optional<Torch> found = probe(python);
      if (found.isPresent()) {
        return found;
      }
    }
    asked.ifPresent(
        python -> {
          throw new InputException(
              "--python "
                  + python
                  + ": no Python that can import torch; leave it out to look for"
                  + " one on the PATH");
        });
    return Optional.empty();
  }

  private static Optional<Torch> probe(String python) throws InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(python, "-c", "import torch; print(torch.__version__)")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      return Optional.empty(); // there is no such command
    }
    try (var output = process.getInputStream()) {
      if (!process.waitFor(IMPORT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        return Optional.empty();
      }
      String version = new String(output.readAllBytes(), StandardCharsets.UTF_8).strip();
      return Optional.of(new Torch(python, version));
    } catch (IOException e) {
      return Optional.empty();
    } finally {
      process.destroyForcibly();
    }
  }

  /**
   * Starts a process of its own that takes the step, and waits until it is warm.
   *
   * @param mode eager, channels_last or compile; on a GPU, graph too
   * @param device cpu or cuda
   * @throws IOException saying what Python said last, if it fails
   */
  TorchStep start(Net net, String mode, String device, int threads) throws IOException {
    List<String> command = command(net, mode, device, threads);
    command.add("--turns");
    return new TorchStep("torch " + mode, command);
  }

  /** Runs {@code step.py}; more options may follow. */
  List<String> command(Net net, String mode, String device, int threads) {
    return new ArrayList<>(
        List.of(
            python,
            script().toString(),
            "--net=" + net.space(),
            "--channels=" + net.channels(),
            "--cells=" + net.cells(),
            "--batch=" + net.batch(),
            "--size=" + net.size(),
            "--in-channels=" + net.inputChannels(),
            "--mode=" + mode,
            "--device=" + device,
            "--warmup=" + WARMUP,
            "--threads=" + threads));
  }

  /** In the project that this class was built in, or else in the working directory's. */
  private static Path script() {
    Path script = Path.of("bench", "peers", "step.py");
    try {
      Path here = Path.of(Torch.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      for (Path folder = here; folder != null; folder = folder.getParent()) {
        if (Files.isRegularFile(folder.resolve(script))) {
          return folder.resolve(script);
        }
      }
    } catch (URISyntaxException e) {
      // the working directory serves
    }
    return script;
  }
}
