package org.espalier.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.espalier.InputException;
import org.espalier.checkpoint.AtomicFile;

/**
 * What has been measured of architectures: a CSV file that has a line on disk for each before the
 * next is measured. Opened again it knows them, to the bit. The names of its columns say what was
 * measured, and by what. {@link ScoreFile} reads it too.
 */
public final class ScoreLog {
  private final Path file;
  private final List<String> columns;
  private final Map<String, Map<String, Double>> rows = new HashMap<>();

  private ScoreLog(Path file, List<String> columns) {
    this.file = file;
    this.columns = columns;
  }

  /**
   * Goes on with a file, or begins it. A last line that was cut short is dropped.
   *
   * @param columns their names beside that of the architectures, without commas
   * @throws InputException if the file has other columns, is damaged, or cannot be written
   */
  public static ScoreLog open(Path file, List<String> columns) {
    String header = ScoreFile.ARCHITECTURE + "," + String.join(",", columns) + "\n";
    String text = text(file);
    String whole = text.substring(0, text.lastIndexOf('\n') + 1);
    boolean begun = text.startsWith(header);
    if (!begun && !header.startsWith(text)) {
      throw new InputException(
          "%s has other scores, of the columns '%s', where '%s' are wanted: name another file"
              .formatted(
                  file, TableSpace.oneLine(text.lines().findFirst().orElse("")), header.strip()));
    }
    if (!begun || whole.length() < text.length()) {
      AtomicFile.write(file, begun ? whole : header);
    }
    ScoreLog log = new ScoreLog(file, List.copyOf(columns));
    CsvFile csv = CsvFile.read(file);
    for (int r = 0; r < csv.rows().size(); r++) {
      Map<String, Double> values = new LinkedHashMap<>();
      for (int c = 0; c < columns.size(); c++) {
        values.put(columns.get(c), csv.number(r, c + 1));
      }
      log.rows.put(csv.text(r, 0), values);
    }
    return log;
  }

  private static String text(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new InputException(file + " cannot be read: " + InputException.reason(e), e);
    }
  }

  /** Whether an architecture has been measured. */
  public boolean has(String architecture) {
    return rows.containsKey(architecture);
  }

  /** What was measured of an architecture, by column; nothing where nothing was. */
  public Map<String, Double> of(String architecture) {
    return rows.getOrDefault(architecture, Map.of());
  }

  /**
   * Writes a line down, and waits for the disk.
   *
   * @param values by column; NaN where one is missing
   * @throws InputException if it cannot be written
   */
  public void add(String architecture, Map<String, Double> values) {
    String line =
        columns.stream()
            .map(column -> String.valueOf(values.getOrDefault(column, Double.NaN)))
            .collect(Collectors.joining(",", architecture + ",", "\n"));
    try {
      Files.writeString(file, line, StandardOpenOption.APPEND, StandardOpenOption.DSYNC);
    } catch (IOException e) {
      throw new InputException(file + " cannot be written: " + InputException.reason(e), e);
    }
    rows.put(architecture, values);
  }
}
