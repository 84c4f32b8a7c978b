package org.espalier.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;

/** Several kinds of work in one Python, within a limit; what was measured by then is told. */
record TorchWork(Torch torch, Net net, String mode, String device, int threads, int steps) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Who is told of a measurement, once there is one. */
  interface Listener {
    void measured(Work work, Torch.Cost cost);
  }

  /**
   * Times the work.
   *
   * @param limit seconds after which Python is ended
   * @throws IOException saying what Python said last, if it fails
   */
  void time(List<Work> works, int limit, Listener listener)
      throws IOException, InterruptedException {
    List<String> command = torch.command(net, mode, device, threads);
    command.add("--steps=" + steps);
    command.add("--work=" + works.stream().map(Work::word).collect(Collectors.joining(",")));
    Path errors = Files.createTempFile("espalier-bench", ".txt");
    Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    Thread end = new Thread(() -> destroy(process), "espalier-bench-end");
    Runtime.getRuntime().addShutdownHook(end); // whoever stops this waits for no compiler
    var late = new AtomicBoolean();
    Thread watch = Thread.startVirtualThread(() -> endAfter(process, limit, late));
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      int measured = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("{")) {
          listener.measured(works.get(measured++), Torch.Cost.of(JSON.readTree(line)));
        }
      }
      int code = process.waitFor();
      if (late.get()) {
        throw new IOException("took longer than " + limit + " s");
      }
      if (code != 0 || measured < works.size()) {
        throw new IOException(
            "'" + String.join(" ", command) + "' failed: " + lastLine(Files.readString(errors)));
      }
    } finally {
      watch.interrupt();
      destroy(process);
      Files.delete(errors);
      forget(end);
    }
  }

  private static void endAfter(Process process, int seconds, AtomicBoolean late) {
    try {
      if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
        late.set(true);
        destroy(process);
      }
    } catch (InterruptedException e) {
      // It has ended by itself.
    }
  }

  /** With the compilers that it has started. */
  private static void destroy(Process process) {
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroyForcibly();
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // It is this process's end that ended the other.
    }
  }

  private static String lastLine(String text) {
    return text.lines().filter(line -> !line.isBlank()).reduce("", (before, line) -> line);
  }
}
