package org.espalier.benchmark;

import org.espalier.tensor.Rng;

/** Draws in sequence from one stream of random numbers. */
final class Dice {
  private final Rng rng;
  private long counter;

  Dice(Rng rng) {
    this.rng = rng;
  }

  /** Uniform in [0, bound). */
  int below(int bound) {
    return rng.below(counter++, bound);
  }

  /** Uniform in (0, 1). */
  double uniform() {
    return rng.uniformOpen(counter++);
  }

  double normal() {
    return rng.normal(counter++);
  }

  /** An architecture, uniformly. */
  int[] architecture(TableSpace space) {
    int[] choices = new int[space.positions()];
    for (int i = 0; i < choices.length; i++) {
      choices[i] = below(space.choices());
    }
    return choices;
  }

  /** Changes one choice, uniformly, to another. */
  int[] mutant(TableSpace space, int[] choices) {
    int[] mutant = choices.clone();
    int at = below(choices.length);
    mutant[at] = (choices[at] + 1 + below(space.choices() - 1)) % space.choices();
    return mutant;
  }
}
