package org.espalier.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.stream.StreamSupport;

/** A Python that takes steps when it is asked to: {@code bench/peers/step.py --turns}. */
final class TorchStep implements Contender {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String name;
  private final Script python;

  TorchStep(String name, List<String> command) throws IOException {
    this.name = name;
    python = new Script(command);
    while (!said().equals("ready")) {
      // Libraries greet as they are loaded.
    }
  }

  String name() {
    return name;
  }

  @Override
  public double[] take(int steps) throws IOException {
    python.input(Integer.toString(steps));
    return StreamSupport.stream(JSON.readTree(said()).spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  /** Ends it; what all of its steps took. */
  Torch.Cost finish() throws IOException {
    python.input(null);
    return Torch.Cost.of(JSON.readTree(said()));
  }

  private String said() throws IOException {
    String line = python.output();
    if (line == null) {
      throw python.failed();
    }
    return line;
  }

  @Override
  public void close() {
    python.close();
  }
}
