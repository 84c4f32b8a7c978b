package org.espalier.space;

import java.util.List;

/**
 * An architecture of a search space: the chosen operations of each of its cells. Its textual form,
 * in the notation of the field, is the space's: {@link SearchSpace#format} and {@link
 * SearchSpace#parse}.
 *
 * @param space name of the search space
 * @param cells one for each kind of cell, in the order of {@link SearchSpace#cells}
 */
public record Genotype(String space, List<Cell> cells) {
  /**
   * The operations of one kind of cell, ordered by target node and then as the space orders them.
   */
  public record Cell(String name, List<Gene> genes) {
    /** Takes a copy. */
    public Cell {
      genes = List.copyOf(genes);
    }
  }

  /** Takes a copy. */
  public Genotype {
    cells = List.copyOf(cells);
  }
}
