package org.espalier.strategy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.espalier.space.Decision;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.tensor.Rng;

/**
 * The evolution of SPOS (Guo et al. 2020, algorithm 1): each generation is mutants and crossovers
 * of the best architectures so far, and random ones for what is missing; none is tried twice.
 */
final class Evolution {
  /** A child that has been there before is tried again, so often for each that is wanted. */
  private static final int ATTEMPTS = 10;

  /** Where an architecture comes from. */
  enum Origin {
    RANDOM,
    MUTANT,
    CROSSOVER
  }

  /** What is maximised. */
  interface Fitness {
    /**
     * Of an architecture.
     *
     * @param generation counted from 1
     */
    double of(int generation, Origin origin, Genotype genotype);
  }

  private record Individual(Origin origin, int[] choices, Genotype genotype) {}

  private record Ranked(Individual individual, double fitness) {}

  private final SearchSpace space;
  private final List<Decision> decisions;
  private final OneShot.Evolution settings;
  private final Rng rng;
  private final Set<Genotype> seen = new HashSet<>();
  private List<Ranked> best = List.of();
  private int draws;

  Evolution(SearchSpace space, OneShot.Evolution settings, Rng rng) {
    this.space = space;
    this.settings = settings;
    this.rng = rng;
    decisions = space.decisions();
  }

  /** Statistics of its own for each candidate, and the same images for all. */
  static Protocol protocol(OneShot settings) {
    return new Protocol(settings.evolution().calibration(), settings.evolution().batches(), 0);
  }

  /** The best architecture by the shared weights, with statistics of its own. */
  static Genotype derive(Derivation derivation) {
    OneShot.Evolution settings = derivation.settings().evolution();
    Protocol protocol = protocol(derivation.settings());
    return new Evolution(derivation.space(), settings, derivation.rng())
        .best(
            (generation, origin, genotype) ->
                derivation.scorer().accuracy(generation, genotype, protocol));
  }

  /** The fittest architecture of all generations; of equals the first. */
  Genotype best(Fitness fitness) {
    for (int generation = 1; generation <= settings.generations(); generation++) {
      List<Ranked> all = new ArrayList<>(best);
      for (Individual each : generation == 1 ? founders() : children()) {
        all.add(new Ranked(each, fitness.of(generation, each.origin, each.genotype)));
      }
      all.sort(Comparator.comparingDouble(ranked -> -ranked.fitness));
      best = List.copyOf(all.subList(0, Math.min(settings.parents(), all.size())));
    }
    return best.getFirst().individual.genotype;
  }

  private List<Individual> founders() {
    return bred(Origin.RANDOM, settings.population(), draw -> uniform(draw));
  }

  private List<Individual> children() {
    List<Individual> children = new ArrayList<>();
    children.addAll(bred(Origin.MUTANT, settings.mutants(), draw -> mutant(parent(draw), draw)));
    children.addAll(
        bred(
            Origin.CROSSOVER,
            settings.crossovers(),
            draw -> crossover(parent(draw), parent(draw.split("other")), draw)));
    children.addAll(
        bred(Origin.RANDOM, settings.population() - children.size(), draw -> uniform(draw)));
    return children;
  }

  /** Up to {@code count} that have not been there before. */
  private List<Individual> bred(Origin origin, int count, Function<Rng, int[]> how) {
    List<Individual> bred = new ArrayList<>();
    for (int attempt = 0; attempt < ATTEMPTS * count && bred.size() < count; attempt++) {
      int[] choices = how.apply(rng.split(draws++));
      Genotype genotype = space.decode(choices);
      if (seen.add(genotype)) {
        bred.add(new Individual(origin, choices, genotype));
      }
    }
    return bred;
  }

  private int[] parent(Rng draw) {
    return best.get(draw.split("parent").below(0, best.size())).individual.choices;
  }

  private int[] uniform(Rng draw) {
    return choices(i -> draw.below(i, decisions.get(i).options()));
  }

  private int[] mutant(int[] parent, Rng draw) {
    Rng whether = draw.split("whether");
    return choices(
        i ->
            whether.uniform(i) < settings.mutation()
                ? draw.below(i, decisions.get(i).options())
                : parent[i]);
  }

  private int[] crossover(int[] one, int[] other, Rng draw) {
    return choices(i -> draw.below(i, 2) == 0 ? one[i] : other[i]);
  }

  private int[] choices(IntFunction<Integer> choice) {
    int[] choices = new int[decisions.size()];
    for (int i = 0; i < choices.length; i++) {
      choices[i] = choice.apply(i);
    }
    return choices;
  }
}
