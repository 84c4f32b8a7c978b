package org.espalier.space;

/**
 * One of the choices that an architecture consists of.
 *
 * @param kind of the cell that it is about, by its index in the search space
 * @param node of that cell whose inputs it settles
 * @param what is chosen
 * @param options how many there are to choose from
 */
public record Decision(int kind, int node, What what, int options) {
  /** What is chosen. */
  public enum What {
    /**
     * Which node is read: by its index among those before this one, without those that an earlier
     * choice for the same node has taken.
     */
    INPUT,
    /** What is applied to what is read: by its index in {@link SearchSpace#operations}. */
    OPERATION
  }
}
