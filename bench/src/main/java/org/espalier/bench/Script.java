package org.espalier.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A program that works for this one: told and asked line by line, and ended with it, together with
 * what it has started itself.
 */
final class Script implements AutoCloseable {
  private final List<String> command;
  private final Path errors;
  private final Process process;
  private final BufferedReader output;

  /** Whoever stops this waits for no compiler. */
  private final Thread atExit;

  private volatile boolean late;

  /**
   * Starts it.
   *
   * @throws IOException if there is no such program
   */
  Script(List<String> command) throws IOException {
    this.command = List.copyOf(command);
    errors = Files.createTempFile("espalier-bench", ".txt");
    try {
      process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    } catch (IOException e) {
      Files.delete(errors);
      throw e;
    }
    output = process.inputReader(StandardCharsets.UTF_8);
    atExit = new Thread(this::end, "espalier-bench-end");
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /** From now on it has so much time; what it says later is not heard. */
  void limit(Duration time) {
    Thread.startVirtualThread(
        () -> {
          try {
            if (!process.waitFor(time)) {
              late = true;
              destroy();
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  /** Whether it was ended by its {@link #limit}. */
  boolean late() {
    return late;
  }

  /** The next line that it says; null behind the last. */
  @Nullable String output() throws IOException {
    return output.readLine();
  }

  /**
   * Tells it a line; null: there are no more.
   *
   * @throws IOException that of {@link #failed}, if it does not listen
   */
  void input(@Nullable String line) throws IOException {
    var input = process.outputWriter(StandardCharsets.UTF_8);
    try {
      if (line == null) {
        input.close();
      } else {
        input.write(line);
        input.newLine();
        input.flush();
      }
    } catch (IOException e) {
      throw failed();
    }
  }

  /** Waits for its end; whether it says that it has done what it should. */
  boolean done() throws InterruptedException {
    return process.waitFor() == 0;
  }

  /** What to throw if it failed, with its last word. Closes it. */
  IOException failed() throws IOException {
    String said =
        Files.readString(errors)
            .lines()
            .filter(line -> !line.isBlank())
            .reduce("", (before, line) -> line);
    close();
    return new IOException("'" + String.join(" ", command) + "' failed: " + said);
  }

  @Override
  public void close() {
    end();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      // It is this process's end that ended the other.
    }
  }

  private void end() {
    destroy();
    try {
      Files.deleteIfExists(errors);
    } catch (IOException e) {
      // It is among other temporary files.
    }
  }

  /**
   * With the compilers that it has started, which would outlive it; itself first, or it might see
   * them end and say that all is done.
   */
  private void destroy() {
    List<ProcessHandle> started = process.descendants().toList();
    process.destroyForcibly();
    started.forEach(ProcessHandle::destroyForcibly);
  }
}
