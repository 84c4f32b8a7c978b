package org.espalier.search;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.espalier.InputException;
import org.espalier.backend.Backend;
import org.espalier.checkpoint.AtomicFile;
import org.espalier.checkpoint.Safetensors;

/** The files of a run. */
final class RunFolder {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path path;

  private RunFolder(Path path) {
    this.path = path;
  }

  /**
   * A new folder with its configuration.
   *
   * @throws InputException if there is something in the way, or it cannot be written
   */
  static RunFolder create(Path path, Configuration configuration) {
    try {
      if (Files.exists(path) && !Files.isDirectory(path)) {
        throw new InputException(path + " is a file; the name of a new folder is wanted");
      }
      Files.createDirectories(path);
      try (Stream<Path> inside = Files.list(path)) {
        if (inside.findAny().isPresent()) {
          throw new InputException(
              path + " is not empty; name a new folder, or continue with --resume " + path);
        }
      }
    } catch (IOException e) {
      throw new InputException(
          path + " cannot be made a run folder: " + InputException.reason(e), e);
    }
    RunFolder folder = new RunFolder(path);
    folder.write("config.yaml", Configurations.format(configuration));
    return folder;
  }

  /** A folder that a run has been started in. */
  static RunFolder existing(Path path) {
    RunFolder folder = new RunFolder(path);
    if (!Files.isRegularFile(folder.checkpoint())
        || !Files.isRegularFile(path.resolve("config.yaml"))) {
      throw new InputException(
          path + " holds no config.yaml and checkpoint; the folder of an earlier run is wanted");
    }
    return folder;
  }

  Path path() {
    return path;
  }

  Configuration configuration() {
    return Configurations.read(path.resolve("config.yaml"));
  }

  private Path checkpoint() {
    return path.resolve("checkpoint");
  }

  /** Writes a text file. */
  void write(String name, String content) {
    AtomicFile.write(path.resolve(name), content);
  }

  /**
   * Where a run is.
   *
   * @param phase name of the current phase
   * @param step the next one
   * @param scores of the epoch so far
   * @param seconds spent so far
   * @param started ISO-8601 local date and time
   */
  record Position(String phase, long step, List<Score> scores, double seconds, String started) {}

  /** A checkpoint that has been read: apply {@link #restore} to its phase. */
  record Saved(Position position, Ledger ledger, Safetensors arrays, Path file) {
    void restore(Phase phase, Backend backend) {
      phase
          .buffers()
          .forEach(
              (name, buffer) -> {
                Safetensors.Entry entry = arrays.tensors().get(name);
                if (entry == null || entry.values().length != buffer.size()) {
                  throw new InputException(
                      file
                          + " is a checkpoint of another configuration: '"
                          + name
                          + "' has "
                          + (entry == null ? 0 : entry.values().length)
                          + " values, "
                          + buffer.size()
                          + " are wanted");
                }
                backend.write(entry.values(), buffer);
              });
      phase.restore(position.step, position.scores);
    }
  }

  void save(
      Configuration configuration, Phase phase, Backend backend, Position position, Ledger ledger) {
    Map<String, Safetensors.Entry> arrays = new LinkedHashMap<>();
    phase
        .buffers()
        .forEach(
            (name, buffer) -> {
              float[] values = new float[buffer.size()];
              backend.read(buffer, values);
              arrays.put(name, Safetensors.Entry.of(values));
            });
    Map<String, String> notes = new LinkedHashMap<>();
    notes.put("configuration", Configurations.format(configuration));
    notes.put("position", Ledger.toJson(position));
    notes.put("ledger", ledger.json());
    new Safetensors(arrays, notes).write(checkpoint());
    write("metrics.jsonl", ledger.metrics());
  }

  /**
   * Reads the checkpoint.
   *
   * @throws InputException if it is damaged, or was written under another configuration
   */
  Saved load(Configuration configuration) {
    Safetensors file = Safetensors.read(checkpoint());
    String position = file.metadata().get("position");
    String ledger = file.metadata().get("ledger");
    if (position == null || ledger == null) {
      throw new InputException(checkpoint() + " is no checkpoint of a run: it has no position");
    }
    String stored = file.metadata().getOrDefault("configuration", "");
    if (!stored.equals(Configurations.format(configuration))) {
      throw new InputException(
          checkpoint()
              + " is a checkpoint of another configuration than "
              + path.resolve("config.yaml")
              + ": "
              + difference(stored, Configurations.format(configuration)));
    }
    try {
      return new Saved(
          JSON.readValue(position, new TypeReference<Position>() {}),
          Ledger.parse(ledger),
          file,
          checkpoint());
    } catch (JsonProcessingException e) {
      throw new InputException(
          checkpoint() + ": its position is damaged: " + e.getOriginalMessage(), e);
    }
  }

  private static String difference(String stored, String wanted) {
    List<String> theirs = stored.lines().toList();
    return wanted
        .lines()
        .filter(line -> !theirs.contains(line))
        .findFirst()
        .map(line -> "there is no '" + line.strip() + "' in it")
        .orElse("a key is missing");
  }
}
