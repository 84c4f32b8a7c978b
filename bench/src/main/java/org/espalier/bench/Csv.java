package org.espalier.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.espalier.InputException;

/** Compressed tables of plain fields, for comparison. */
final class Csv {
  private Csv() {}

  /**
   * All rows, by the names of the columns.
   *
   * @throws InputException if a wanted column is missing, or a row has not as many fields as there
   *     are columns
   */
  static List<Map<String, String>> read(Path file, String... wanted) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new InputException(file + ": there is no such file");
    }
    List<Map<String, String>> rows = new ArrayList<>();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
      String first = in.readLine();
      List<String> header = List.of(first == null ? new String[0] : first.split(",", -1));
      for (String name : wanted) {
        if (!header.contains(name)) {
          throw new InputException(file + " has no column '" + name + "'");
        }
      }
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] fields = line.split(",", -1);
        if (fields.length != header.size()) {
          throw new InputException(
              file
                  + ": row "
                  + (rows.size() + 1)
                  + " has "
                  + fields.length
                  + " fields, the header "
                  + header.size());
        }
        Map<String, String> row = new LinkedHashMap<>();
        for (int i = 0; i < fields.length; i++) {
          row.put(header.get(i), fields[i]);
        }
        rows.add(row);
      }
    }
    return rows;
  }

  /** A field that {@link #read} has made sure of. */
  static String get(Map<String, String> row, String column) {
    return row.getOrDefault(column, "");
  }

  /** NaN where the field is empty; Python's spelling of infinity included. */
  static double number(String field) {
    return switch (field) {
      case "" -> Double.NaN;
      case "inf" -> Double.POSITIVE_INFINITY;
      case "-inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(field);
    };
  }
}
