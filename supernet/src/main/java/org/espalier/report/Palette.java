package org.espalier.report;

import java.util.List;
import java.util.Map;

/**
 * One colour per operation, the same in the drawing, the plots and the tables: families share a hue
 * (pools are green, convolutions blue, dilated ones pink to violet). report.css overrides the
 * colours for a dark screen.
 */
final class Palette {
  private static final List<String> LIGHT =
      List.of(
          "#8b95a1", "#d97706", "#0f766e", "#65a30d", "#3aa0d6", "#2563eb", "#1e3a8a", "#db2777",
          "#7c3aed", "#b4533c", "#a16207", "#57534e");

  private static final Map<String, Integer> KNOWN =
      Map.of(
          "none", 0,
          "skip_connect", 1,
          "max_pool_3x3", 2,
          "avg_pool_3x3", 3,
          "nor_conv_1x1", 4,
          "nor_conv_3x3", 5,
          "sep_conv_3x3", 5,
          "sep_conv_5x5", 6,
          "dil_conv_3x3", 7,
          "dil_conv_5x5", 8);

  private static final int FIRST_FREE = 9;

  private Palette() {}

  /** The CSS variable of an operation's colour, without its dashes: {@code c5}. */
  static String name(String op) {
    return "c" + slot(op);
  }

  /** A CSS colour that also stands where there is no style sheet. */
  static String css(String op) {
    return "var(--" + name(op) + "," + LIGHT.get(slot(op)) + ")";
  }

  private static int slot(String op) {
    Integer known = KNOWN.get(op);
    return known != null
        ? known
        : FIRST_FREE + Math.floorMod(op.hashCode(), LIGHT.size() - FIRST_FREE);
  }
}
