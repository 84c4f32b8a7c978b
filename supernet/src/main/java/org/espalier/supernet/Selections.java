package org.espalier.supernet;

/** The selection of every edge of every kind of cell. */
@FunctionalInterface
public interface Selections {
  /**
   * What an edge computes.
   *
   * @param kind which kind of cell, by its index in the search space
   * @param edge which of its edges
   */
  Selection at(int kind, int edge);
}
