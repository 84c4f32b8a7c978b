package org.espalier.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.espalier.InputException;
import org.jspecify.annotations.Nullable;

/**
 * Measurements, kept in a file, a line of JSON each, so that one run may go on where another ended.
 */
final class Rows {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final @Nullable Path file;
  private final List<Row> rows = new ArrayList<>();

  /** What one took for some work on a net. */
  record Row(String net, String work, String who, double median, double least, double most) {
    boolean is(Net net, Work work, String who) {
      return this.net.equals(net.toString())
          && this.work.equals(work.word())
          && this.who.equals(who);
    }
  }

  /**
   * Of a file, if it is there, and into it; null: they are forgotten.
   *
   * @throws InputException if it cannot be read
   */
  Rows(@Nullable Path file) {
    this.file = file;
    if (file != null && Files.exists(file)) {
      try {
        for (String line : Files.readAllLines(file)) {
          rows.add(JSON.readValue(line, Row.class));
        }
      } catch (IOException e) {
        throw new InputException("--rows " + file + ": cannot be read: " + e.getMessage(), e);
      }
    }
  }

  /** The median in seconds; empty if it has not been measured. */
  Optional<Double> median(Net net, Work work, String who) {
    return rows.stream()
        .filter(row -> row.is(net, work, who))
        .map(Row::median)
        .reduce((first, last) -> last);
  }

  void add(Net net, Work work, String who, Timing timing) {
    Row row =
        new Row(net.toString(), work.word(), who, timing.median(), timing.least(), timing.most());
    rows.add(row);
    if (file != null) {
      try {
        Files.writeString(
            file,
            JSON.writeValueAsString(row) + "\n",
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
