package org.espalier.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.espalier.InputException;

/**
 * A file of comma-separated values with a line of names, gzipped where its name ends in .gz. Values
 * hold no commas and no quotes.
 */
record CsvFile(Path file, List<String> names, List<String[]> rows) {
  /**
   * Reads a file.
   *
   * @throws InputException if it cannot be read, or lines differ in length
   */
  static CsvFile read(Path file) {
    try (InputStream in = Files.newInputStream(file);
        InputStream unpacked = file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in;
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(unpacked, StandardCharsets.UTF_8))) {
      List<String[]> rows =
          lines.lines().filter(line -> !line.isBlank()).map(line -> line.split(",", -1)).toList();
      if (rows.isEmpty()) {
        throw new InputException(file + " is empty; a line of names and then values are wanted");
      }
      List<String> names = List.of(rows.getFirst()).stream().map(String::strip).toList();
      for (int r = 1; r < rows.size(); r++) {
        if (rows.get(r).length != names.size()) {
          throw new InputException(
              "%s: line %d has %d values, the line of names has %d"
                  .formatted(file, r + 1, rows.get(r).length, names.size()));
        }
      }
      return new CsvFile(file, names, rows.subList(1, rows.size()));
    } catch (IOException e) {
      throw unreadable(file, e);
    } catch (UncheckedIOException e) {
      throw unreadable(file, Objects.requireNonNull(e.getCause()));
    }
  }

  private static InputException unreadable(Path file, IOException e) {
    return new InputException(
        file + " cannot be read, or is cut off: " + InputException.reason(e), e);
  }

  boolean has(String name) {
    return names.contains(name);
  }

  /** Where a column is; refuses one that is not there. */
  int column(String name) {
    int at = names.indexOf(name);
    if (at < 0) {
      throw new InputException(
          "%s has no column '%s'; it has %s"
              .formatted(file, TableSpace.oneLine(name), String.join(", ", names)));
    }
    return at;
  }

  /** For messages: lines count from 1, with that of the names. */
  String place(int row) {
    return file + ": line " + (row + 2);
  }

  String text(int row, int column) {
    return rows.get(row)[column].strip();
  }

  /** NaN where the place is empty. */
  double number(int row, int column) {
    String text = text(row, column);
    if (text.isEmpty()) {
      return Double.NaN;
    }
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new InputException(
          "%s, column '%s': '%s' is no number"
              .formatted(place(row), names.get(column), TableSpace.oneLine(text)));
    }
  }
}
