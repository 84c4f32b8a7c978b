package org.espalier.report;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.space.CellGraph;

/**
 * The edges of a cell as its drawing names them: a run may label them by the numbers of their
 * nodes, of which a DARTS cell draws 0 and 1 as its two inputs.
 */
final class EdgeNames {
  private static final Pattern LABEL = Pattern.compile("\\s*(.+?)\\s*(?:->|→)\\s*(.+?)\\s*");
  private static final Pattern NUMBERED =
      Pattern.compile("\\s*(\\d{1,4})\\s*(?:->|→)\\s*(\\d{1,4})\\s*");

  private EdgeNames() {}

  /** "0 → 1" for each of {@link RunRecord#edges}. */
  static List<String> of(RunRecord run, String cell) {
    List<String> labels = run.edges().getOrDefault(cell, List.of());
    boolean numbered = labels.stream().allMatch(label -> NUMBERED.matcher(label).matches());
    return labels.stream()
        .map(label -> name(label, numbered ? drawing(run, cell) : Optional.empty()))
        .toList();
  }

  static String of(CellGraph cell, CellGraph.Arrow arrow) {
    return cell.nodes().get(arrow.from()) + " → " + cell.nodes().get(arrow.to());
  }

  static Optional<CellGraph> drawing(RunRecord run, String cell) {
    return run.cells().stream()
        .filter(drawn -> drawn.name().equals(cell) || run.cells().size() == 1)
        .findFirst();
  }

  private static String name(String label, Optional<CellGraph> drawing) {
    Matcher ends = LABEL.matcher(label);
    if (!ends.matches()) {
      return label;
    }
    return node(ends.group(1), drawing) + " → " + node(ends.group(2), drawing);
  }

  private static String node(String number, Optional<CellGraph> drawing) {
    return drawing
        .map(CellGraph::nodes)
        .filter(nodes -> Integer.parseInt(number) < nodes.size())
        .map(nodes -> nodes.get(Integer.parseInt(number)))
        .orElse(number);
  }
}
