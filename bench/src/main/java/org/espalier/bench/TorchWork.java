package org.espalier.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
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
    try (Script python = new Script(command)) {
      python.limit(Duration.ofSeconds(limit));
      int measured = 0;
      for (String line = python.output(); line != null; line = python.output()) {
        if (line.startsWith("{")) {
          listener.measured(works.get(measured++), Torch.Cost.of(JSON.readTree(line)));
        }
      }
      boolean done = python.done();
      if (python.late()) {
        throw new IOException("took longer than " + limit + " s");
      }
      if (!done || measured < works.size()) {
        throw python.failed();
      }
    }
  }
}
