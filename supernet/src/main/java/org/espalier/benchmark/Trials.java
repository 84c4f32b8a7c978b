package org.espalier.benchmark;

import java.util.ArrayList;
import java.util.List;

/** One run of a search on a table: its clock, and the best it has seen. */
final class Trials {
  private final SearchTask task;
  private final double budget;
  private final Dice seeds;
  private final List<Step> steps = new ArrayList<>();
  private double clock;
  private int incumbent = -1;
  private int incumbentRung = -1;
  private double incumbentFitness = Double.NEGATIVE_INFINITY;

  /**
   * A moment of a search.
   *
   * @param seconds on its clock
   * @param incumbent the number of the architecture that it would return
   */
  record Step(double seconds, int incumbent) {}

  /**
   * An empty run.
   *
   * @param budget in seconds
   * @param seeds decide which training of an architecture is seen
   */
  Trials(SearchTask task, double budget, Dice seeds) {
    this.task = task;
    this.budget = budget;
    this.seeds = seeds;
  }

  TableSpace space() {
    return task.space();
  }

  /**
   * Trains an architecture and validates it.
   *
   * @return the validation accuracy in percent; NaN if the budget does not suffice: the search is
   *     over
   */
  double train(int[] choices) {
    return train(choices, SearchTask.TRIAL_EPOCHS, 0);
  }

  /**
   * Trains for some epochs.
   *
   * @param rung how much that result counts: one on a higher rung is preferred to all below
   */
  double train(int[] choices, int epochs, int rung) {
    int index = task.table().index(choices);
    int available = task.epochs(epochs);
    double seconds = task.seconds(index, available);
    if (clock + seconds > budget) {
      return Double.NaN;
    }
    clock += seconds;
    double fitness = task.fitness(index, available, seeds);
    if (rung > incumbentRung || (rung == incumbentRung && fitness > incumbentFitness)) {
      incumbent = index;
      incumbentRung = rung;
      incumbentFitness = fitness;
    }
    steps.add(new Step(clock, incumbent));
    return fitness;
  }

  /** What it came to; none where the budget did not suffice for one training. */
  List<Step> steps() {
    return List.copyOf(steps);
  }
}
