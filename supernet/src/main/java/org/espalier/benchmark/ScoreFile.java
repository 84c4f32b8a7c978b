package org.espalier.benchmark;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.espalier.InputException;

/**
 * Scores from a CSV file: a column {@code arch} with architectures, and columns of numbers.
 *
 * @param name of the column
 * @param indexes of the architectures that have a score, in the order of the file
 */
public record ScoreFile(String name, int[] indexes, ArchitectureScorer scorer) {
  static final String ARCHITECTURE = "arch";

  /**
   * Reads a column.
   *
   * @param column its name; empty for the one beside {@code arch}
   * @throws InputException if the file or the column cannot be used, or tells two scores of one
   *     architecture
   */
  public static ScoreFile read(Path file, String column, TabularBenchmark table) {
    CsvFile csv = CsvFile.read(file);
    int arch = csv.column(ARCHITECTURE);
    String name = column.isEmpty() ? only(csv) : column;
    int score = csv.column(name);
    int[] indexes = new int[csv.rows().size()];
    Map<String, Double> scores = new HashMap<>();
    for (int r = 0; r < indexes.length; r++) {
      indexes[r] = table.index(csv.text(r, arch));
      if (scores.put(table.architecture(indexes[r]), csv.number(r, score)) != null) {
        throw new InputException(csv.place(r) + " has " + csv.text(r, arch) + " a second time");
      }
    }
    return new ScoreFile(
        name, indexes, architecture -> scores.getOrDefault(architecture, Double.NaN));
  }

  private static String only(CsvFile csv) {
    List<String> others = csv.names().stream().filter(n -> !n.equals(ARCHITECTURE)).toList();
    if (others.size() != 1) {
      throw new InputException(
          "%s has the columns %s; which of them are the scores?"
              .formatted(csv.file(), String.join(", ", csv.names())));
    }
    return others.getFirst();
  }
}
