package org.espalier.benchmark;

import java.util.ArrayList;
import java.util.List;

/**
 * What a table's file says of its rows, as lines of words separated by tabs.
 *
 * @param notes where the figures are from, and what has been made of them
 */
record TableHeader(TableSpace space, List<String> notes, List<Layout> layouts) {
  /**
   * A column in a row.
   *
   * @param first the epoch of the first value; {@link Series#NO_EPOCHS} for one number, in two
   *     floats
   * @param count of values
   * @param offset in bytes from the row's start
   */
  record Place(String column, int first, int count, int offset) {}

  /** The columns of a row. */
  record Layout(List<Place> places) {
    Layout {
      places = List.copyOf(places);
    }

    long bytes() {
      return places.stream()
          .mapToLong(p -> p.offset + (long) p.count * Float.BYTES)
          .max()
          .orElse(0);
    }
  }

  TableHeader {
    notes = List.copyOf(notes);
    layouts = List.copyOf(layouts);
  }

  String format() {
    StringBuilder text = new StringBuilder("space\t" + space.id() + "\n");
    notes.forEach(note -> text.append("note\t").append(note).append('\n'));
    for (Layout layout : layouts) {
      text.append("layout\n");
      layout.places.forEach(
          p ->
              text.append(
                  "column\t%s\t%d\t%d\t%d\n".formatted(p.column, p.first, p.count, p.offset)));
    }
    return text.toString();
  }

  /**
   * Reads what {@link #format} wrote.
   *
   * @throws IllegalArgumentException if it is something else
   */
  static TableHeader parse(String text) {
    String space = "";
    List<String> notes = new ArrayList<>();
    List<List<Place>> layouts = new ArrayList<>();
    for (String line : text.lines().toList()) {
      String[] words = line.split("\t", -1);
      switch (words[0]) {
        case "space" -> space = word(words, 1);
        case "note" -> notes.add(word(words, 1));
        case "layout" -> layouts.add(new ArrayList<>());
        case "column" -> {
          Place place =
              new Place(word(words, 1), number(words, 2), number(words, 3), number(words, 4));
          boolean fits =
              place.count >= (place.first == Series.NO_EPOCHS ? 2 : 1)
                  && place.first >= 0
                  && place.offset >= 0;
          if (layouts.isEmpty() || !fits) {
            throw new IllegalArgumentException(line);
          }
          layouts.getLast().add(place);
        }
        default -> throw new IllegalArgumentException(line);
      }
    }
    for (TableSpace known : TableSpace.values()) {
      if (known.id().equals(space)) {
        return new TableHeader(known, notes, layouts.stream().map(Layout::new).toList());
      }
    }
    throw new IllegalArgumentException(space);
  }

  private static String word(String[] words, int at) {
    if (at >= words.length) {
      throw new IllegalArgumentException(String.join(" ", words));
    }
    return words[at];
  }

  private static int number(String[] words, int at) {
    return Integer.parseInt(word(words, at));
  }
}
