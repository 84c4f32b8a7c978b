package org.espalier.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** A Python that takes steps when it is asked to: {@code bench/peers/step.py --turns}. */
final class TorchStep implements Contender {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String name;
  private final List<String> command;
  private final Path errors;
  private final Process process;
  private final BufferedReader output;

  /** Whoever stops this waits for no compiler. */
  private final Thread end;

  TorchStep(String name, List<String> command) throws IOException {
    this.name = name;
    this.command = command;
    errors = Files.createTempFile("espalier-bench", ".txt");
    process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    output = process.inputReader(StandardCharsets.UTF_8);
    end = new Thread(process::destroy, "espalier-bench-end");
    Runtime.getRuntime().addShutdownHook(end);
    String line = output.readLine();
    while (line != null && !line.equals("ready")) {
      line = output.readLine();
    }
    if (line == null) {
      throw failed();
    }
  }

  String name() {
    return name;
  }

  @Override
  public double[] take(int steps) throws IOException {
    tell(Integer.toString(steps));
    return StreamSupport.stream(answer().spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  /** Ends it; what all of its steps took. */
  Torch.Cost finish() throws IOException {
    tell(null);
    return Torch.Cost.of(answer());
  }

  private void tell(@Nullable String line) throws IOException {
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

  private JsonNode answer() throws IOException {
    String line = output.readLine();
    if (line == null) {
      throw failed();
    }
    return JSON.readTree(line);
  }

  private IOException failed() throws IOException {
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
    process.destroy();
    try {
      Files.deleteIfExists(errors);
    } catch (IOException e) {
      // It is among other temporary files.
    }
    try {
      Runtime.getRuntime().removeShutdownHook(end);
    } catch (IllegalStateException e) {
      // It is this process's end that ended the other.
    }
  }
}
