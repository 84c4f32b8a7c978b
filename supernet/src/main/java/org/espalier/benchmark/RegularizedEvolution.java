package org.espalier.benchmark;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Ageing evolution (Real et al. 2019, Algorithm 1): the best of a sample of the population has a
 * child with one choice changed, and the oldest dies, however good it is.
 *
 * @param population NAS-Bench-201: 10
 * @param sample drawn with replacement; NAS-Bench-201: 3
 */
record RegularizedEvolution(int population, int sample) implements BlackBox {
  private record Individual(int[] choices, double fitness) {}

  @Override
  public String name() {
    return "rea";
  }

  @Override
  public String description() {
    return "regularised evolution (Real et al. 2019): population %d, tournament of %d, ageing"
        .formatted(population, sample);
  }

  @Override
  public void search(Trials trials, Dice dice) {
    Deque<Individual> alive = new ArrayDeque<>();
    while (true) {
      int[] choices =
          alive.size() < population
              ? dice.architecture(trials.space())
              : dice.mutant(trials.space(), parent(List.copyOf(alive), dice).choices);
      double fitness = trials.train(choices);
      if (Double.isNaN(fitness)) {
        return;
      }
      alive.addLast(new Individual(choices, fitness));
      if (alive.size() > population) {
        alive.removeFirst();
      }
    }
  }

  private Individual parent(List<Individual> alive, Dice dice) {
    Individual best = alive.get(dice.below(alive.size()));
    for (int i = 1; i < sample; i++) {
      Individual other = alive.get(dice.below(alive.size()));
      best = other.fitness > best.fitness ? other : best;
    }
    return best;
  }
}
