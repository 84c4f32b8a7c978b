package org.espalier.cli;

import java.util.ArrayList;
import java.util.List;

/** Rows in aligned columns. */
final class Table {
  private static final int WIDTH = 100;
  private static final String GAP = "  ";

  private final String alignment;
  private final List<String[]> rows = new ArrayList<>();

  /**
   * An empty one.
   *
   * @param alignment a letter for each column: {@code l} or {@code r}
   */
  Table(String alignment) {
    this.alignment = alignment;
  }

  Table row(String... cells) {
    rows.add(cells);
    return this;
  }

  /**
   * The rows as lines, each ended; the last column is broken between words where it would pass 100
   * columns.
   */
  @Override
  public String toString() {
    int[] widths = new int[alignment.length()];
    for (String[] row : rows) {
      for (int c = 0; c < row.length; c++) {
        widths[c] = Math.max(widths[c], row[c].length());
      }
    }
    StringBuilder text = new StringBuilder();
    rows.forEach(row -> append(text, row, widths));
    return text.toString();
  }

  private void append(StringBuilder text, String[] row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int c = 0; c < row.length - 1; c++) {
      line.append(padded(row[c], widths[c], alignment.charAt(c))).append(GAP);
    }
    int last = row.length - 1;
    String indent = " ".repeat(line.length());
    for (String part : broken(row[last], Math.max(20, WIDTH - line.length()))) {
      text.append(
          line.append(padded(part, widths[last], alignment.charAt(last)))
              .toString()
              .stripTrailing());
      text.append('\n');
      line = new StringBuilder(indent);
    }
  }

  private static String padded(String cell, int width, char alignment) {
    String padding = " ".repeat(Math.max(0, width - cell.length()));
    return alignment == 'r' ? padding + cell : cell + padding;
  }

  private static List<String> broken(String cell, int width) {
    List<String> parts = new ArrayList<>();
    String rest = cell;
    while (rest.length() > width) {
      int space = rest.lastIndexOf(' ', width);
      if (space <= 0) {
        break;
      }
      parts.add(rest.substring(0, space));
      rest = rest.substring(space + 1);
    }
    parts.add(rest);
    return parts;
  }
}
