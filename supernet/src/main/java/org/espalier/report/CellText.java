package org.espalier.report;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.espalier.space.CellGraph;
import org.espalier.space.CellGraph.Arrow;

/**
 * Cells as a terminal shows them: one line for each operation, gathered by the node that adds them
 * up.
 *
 * <pre>
 * 0 ── nor_conv_3x3 ──▶ 1
 * 0 ── skip_connect ─┐
 * 1 ·· none ·········┴▶ 2
 * </pre>
 */
public final class CellText {
  private static final int COLUMNS = 79;
  private static final String BOXES = "─·┐┤┴▶";
  private static final String ASCII = "-.\\|/>";

  private CellText() {}

  /**
   * The cells side by side where 79 columns allow, else one below the other; lines end in {@code
   * \n}.
   */
  public static String draw(List<CellGraph> cells) {
    return draw(cells, StandardCharsets.UTF_8);
  }

  /**
   * The same in characters that the terminal's character set has: plain ASCII if it lacks lines and
   * arrows.
   */
  public static String draw(List<CellGraph> cells, Charset terminal) {
    List<List<String>> blocks = cells.stream().map(cell -> block(cell, cells.size() > 1)).toList();
    String drawn = beside(blocks);
    if (drawn.lines().mapToInt(String::length).max().orElse(0) > COLUMNS) {
      drawn =
          blocks.stream()
              .map(block -> String.join("\n", block) + "\n")
              .collect(Collectors.joining("\n"));
    }
    return terminal.newEncoder().canEncode(BOXES) ? drawn : ascii(drawn);
  }

  private static List<String> block(CellGraph cell, boolean named) {
    int names = width(cell.arrows().stream().map(a -> cell.nodes().get(a.from())).toList());
    int ops = width(cell.arrows().stream().map(Arrow::label).toList());
    List<String> lines = new ArrayList<>();
    if (named) {
      lines.add(cell.name());
    }
    Map<Integer, List<Arrow>> into = new LinkedHashMap<>();
    for (int n = 0; n < cell.nodes().size(); n++) {
      into.put(n, new ArrayList<>());
    }
    cell.arrows().forEach(arrow -> into.getOrDefault(arrow.to(), new ArrayList<>()).add(arrow));
    into.forEach(
        (node, arrows) -> {
          List<Arrow> labelled = arrows.stream().filter(a -> !a.label().isEmpty()).toList();
          for (int i = 0; i < labelled.size(); i++) {
            lines.add(
                line(cell, labelled.get(i), names, ops)
                    + join(labelled, i, cell.nodes().get(node)));
          }
          List<Arrow> passed = arrows.stream().filter(a -> a.label().isEmpty()).toList();
          if (!passed.isEmpty()) {
            String from =
                passed.stream()
                    .map(a -> cell.nodes().get(a.from()))
                    .collect(Collectors.joining(" "));
            int rest = Math.max(2, names + ops + 7 - from.length());
            lines.add(from + " " + "─".repeat(rest) + "▶ " + cell.nodes().get(node));
          }
        });
    return lines;
  }

  private static int width(List<String> words) {
    return words.stream().mapToInt(String::length).max().orElse(0);
  }

  private static String line(CellGraph cell, Arrow arrow, int names, int ops) {
    String stroke = stroke(arrow);
    return " ".repeat(names - cell.nodes().get(arrow.from()).length())
        + cell.nodes().get(arrow.from())
        + " "
        + stroke.repeat(2)
        + " "
        + arrow.label()
        + " "
        + stroke.repeat(ops - arrow.label().length() + 1);
  }

  private static String join(List<Arrow> arrows, int index, String node) {
    String stroke = stroke(arrows.get(index));
    if (arrows.size() == 1) {
      return stroke.repeat(2) + "▶ " + node;
    }
    if (index == arrows.size() - 1) {
      return stroke + "┴▶ " + node;
    }
    return stroke + (index == 0 ? "┐" : "┤");
  }

  private static String stroke(Arrow arrow) {
    return arrow.label().equals("none") ? "·" : "─";
  }

  private static String beside(List<List<String>> blocks) {
    int height = blocks.stream().mapToInt(List::size).max().orElse(0);
    var text = new StringBuilder();
    for (int row = 0; row < height; row++) {
      var line = new StringBuilder();
      for (List<String> block : blocks) {
        String cell = row < block.size() ? block.get(row) : "";
        line.append(cell).append(" ".repeat(width(block) - cell.length() + 3));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  private static String ascii(String drawn) {
    return drawn
        .chars()
        .map(c -> BOXES.indexOf(c) < 0 ? c : ASCII.charAt(BOXES.indexOf(c)))
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }
}
