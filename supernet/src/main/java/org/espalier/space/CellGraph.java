package org.espalier.space;

import java.util.List;

/**
 * A cell as it is drawn: named nodes, the first ones inputs and the last the output, and labelled
 * arrows between them. Arrows without a label only pass a value on (concatenation).
 */
public record CellGraph(String name, List<String> nodes, List<Arrow> arrows) {
  /** An operation from node to node, by index. */
  public record Arrow(int from, int to, String label) {}
}
