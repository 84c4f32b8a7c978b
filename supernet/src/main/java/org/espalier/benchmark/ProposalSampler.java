package org.espalier.benchmark;

/** Proposes architectures to try, and may learn from what came of them. */
interface ProposalSampler {
  int[] propose(Dice dice);

  /** Takes note of a result; a higher rung is the more reliable one. */
  void learn(int[] choices, int rung, double fitness);
}
