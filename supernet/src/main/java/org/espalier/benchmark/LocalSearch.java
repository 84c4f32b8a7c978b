package org.espalier.benchmark;

import java.util.HashMap;
import java.util.Map;

/**
 * Hill climbing (White et al. 2020, "Local search is state of the art for NAS benchmarks"): tries
 * all architectures that differ in one choice, goes to the best of them while that is better, and
 * starts anew at random where it is not. What was tried is not paid for again.
 */
record LocalSearch() implements BlackBox {
  @Override
  public String name() {
    return "local";
  }

  @Override
  public String description() {
    return "local search (White et al. 2020): all neighbours, then the best; restarts at random";
  }

  @Override
  public void search(Trials trials, Dice dice) {
    Map<Integer, Double> known = new HashMap<>();
    while (known.size() < trials.space().size()) {
      int[] here = dice.architecture(trials.space());
      double fitness = train(trials, known, here);
      if (Double.isNaN(fitness) || !climb(trials, known, here, fitness)) {
        return;
      }
    }
  }

  /** To the top; false if the budget ended. */
  private static boolean climb(
      Trials trials, Map<Integer, Double> known, int[] start, double fitness) {
    int[] here = start;
    double height = fitness;
    while (true) {
      int[] best = here;
      double highest = height;
      for (int at = 0; at < here.length; at++) {
        for (int step = 1; step < trials.space().choices(); step++) {
          int[] neighbour = here.clone();
          neighbour[at] = (here[at] + step) % trials.space().choices();
          double found = train(trials, known, neighbour);
          if (Double.isNaN(found)) {
            return false;
          }
          if (found > highest) {
            highest = found;
            best = neighbour;
          }
        }
      }
      if (best == here) {
        return true;
      }
      here = best;
      height = highest;
    }
  }

  private static double train(Trials trials, Map<Integer, Double> known, int[] choices) {
    Integer code = trials.space().code(choices);
    Double before = known.get(code);
    if (before != null) {
      return before;
    }
    double fitness = trials.train(choices);
    if (!Double.isNaN(fitness)) {
      known.put(code, fitness);
    }
    return fitness;
  }
}
