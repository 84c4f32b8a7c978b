package org.espalier.benchmark;

/**
 * Gives architectures scores, the larger the better: a supernet that evaluates its sub-networks, a
 * zero-cost proxy, a column of a file.
 */
@FunctionalInterface
public interface ArchitectureScorer {
  /**
   * The score of an architecture; NaN where there is none.
   *
   * @param architecture as the benchmark's authors write it
   */
  double score(String architecture);
}
