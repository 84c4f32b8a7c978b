package org.espalier.benchmark;

/** Proposes uniformly and learns nothing. */
record UniformSampler(TableSpace space) implements ProposalSampler {
  @Override
  public int[] propose(Dice dice) {
    return dice.architecture(space);
  }

  @Override
  public void learn(int[] choices, int rung, double fitness) {
    // nothing
  }
}
