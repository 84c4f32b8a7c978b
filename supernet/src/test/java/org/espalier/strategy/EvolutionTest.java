package org.espalier.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.espalier.search.Configurations;
import org.espalier.space.Gene;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.strategy.Evolution.Origin;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The evolution of SPOS, as published: 20 generations of 50, 25 mutants and 25 crossovers. */
class EvolutionTest {
  private static final Rng RNG = Rng.of(8);

  private record Tried(int generation, Origin origin, Genotype genotype, double fitness) {}

  private static OneShot.Evolution published(String space) {
    return Configurations.of(space, Configurations.Preset.PAPER, List.of())
        .search()
        .oneShot()
        .evolution();
  }

  /** A fitness without structure, so that the children of the best are everywhere. */
  private static double noise(SearchSpace space, Genotype genotype) {
    return RNG.split(space.format(genotype)).uniformOpen(0);
  }

  private static List<Tried> run(String name, Evolution evolution) {
    SearchSpace space = Spaces.of(name);
    List<Tried> tried = new ArrayList<>();
    Genotype best =
        evolution.best(
            (generation, origin, genotype) -> {
              tried.add(new Tried(generation, origin, genotype, noise(space, genotype)));
              return tried.getLast().fitness;
            });
    assertThat(best)
        .isEqualTo(Collections.max(tried, Comparator.comparingDouble(Tried::fitness)).genotype);
    return tried;
  }

  @ParameterizedTest
  @ValueSource(strings = {"nasbench201", "darts"})
  void aGenerationIsHalfMutantsAndHalfCrossoversAndNothingIsTriedTwice(String name) {
    assertThat(published(name)).isEqualTo(new OneShot.Evolution(20, 50, 10, 25, 25, 0.1, 200, 0));
    List<Tried> tried = run(name, new Evolution(Spaces.of(name), published(name), RNG));
    assertThat(tried).hasSize(20 * 50).extracting(Tried::genotype).doesNotHaveDuplicates();
    for (int generation = 1; generation <= 20; generation++) {
      Map<Origin, Integer> counts = new EnumMap<>(Origin.class);
      for (Tried each : tried) {
        if (each.generation == generation) {
          counts.merge(each.origin, 1, Integer::sum);
        }
      }
      assertThat(counts.values().stream().mapToInt(i -> i).sum()).isEqualTo(50);
      for (Origin origin : List.of(Origin.MUTANT, Origin.CROSSOVER)) {
        // Of six choices a child often has what another has had: ten attempts for each, as
        // published, then random ones fill up.
        int least = name.equals("darts") ? 25 : 15;
        assertThat(counts.getOrDefault(origin, 0))
            .as("%s in generation %d", origin, generation)
            .isBetween(generation == 1 ? 0 : least, generation == 1 ? 0 : 25);
      }
    }
  }

  /** Parents are the best ten so far: a crossover has nothing that none of them has. */
  @Test
  void crossoversAreMadeOfTheBestSoFar() {
    SearchSpace space = Spaces.of("nasbench201");
    List<Tried> tried = run("nasbench201", new Evolution(space, published("nasbench201"), RNG));
    for (int generation = 2; generation <= 20; generation++) {
      int before = generation;
      List<Genotype> best =
          tried.stream()
              .filter(each -> each.generation < before)
              .sorted(Comparator.comparingDouble(each -> -each.fitness))
              .limit(10)
              .map(Tried::genotype)
              .toList();
      Set<Gene> genes = new HashSet<>();
      best.forEach(genotype -> genes.addAll(genotype.cells().getFirst().genes()));
      assertThat(tried)
          .filteredOn(each -> each.generation == before && each.origin == Origin.CROSSOVER)
          .allSatisfy(
              each -> assertThat(genes).containsAll(each.genotype.cells().getFirst().genes()));
    }
  }

  /** p = 0.1 for each choice, of which one in five leaves it as it was. */
  @Test
  void aMutantDiffersFromItsParentInAFewChoices() {
    SearchSpace space = Spaces.of("nasbench201");
    // A single parent: the best of all, which never changes after the first generation.
    var settings = new OneShot.Evolution(2, 4000, 1, 2000, 0, 0.1, 0, 0);
    List<Genotype> mutants = new ArrayList<>();
    Evolution evolution = new Evolution(space, settings, RNG);
    Genotype[] founder = new Genotype[1];
    evolution.best(
        (generation, origin, genotype) -> {
          if (founder[0] == null) {
            founder[0] = genotype;
          }
          if (origin == Origin.MUTANT) {
            mutants.add(genotype);
          }
          return genotype.equals(founder[0]) ? 1 : 0;
        });
    // What is new among mutants is biased towards more changes: each may be had only once. Of those
    // that differ in one choice there are 24.
    Map<Integer, Integer> changes = new TreeMap<>();
    for (Genotype mutant : mutants) {
      List<Gene> genes = mutant.cells().getFirst().genes();
      int changed = 0;
      for (int i = 0; i < genes.size(); i++) {
        changed += genes.get(i).equals(founder[0].cells().getFirst().genes().get(i)) ? 0 : 1;
      }
      changes.merge(changed, 1, Integer::sum);
    }
    assertThat(changes.keySet()).contains(1, 2).doesNotContain(0);
    assertThat(changes.getOrDefault(1, 0)).isLessThanOrEqualTo(24);
    assertThat(changes.getOrDefault(6, 0)).as("all six choices").isLessThan(3);
  }

  @Test
  void itFindsWhatIsBest() {
    SearchSpace space = Spaces.of("nasbench201");
    Genotype target = space.random(RNG.split("target"));
    Genotype found =
        new Evolution(space, published("nasbench201"), RNG)
            .best((generation, origin, genotype) -> agreement(genotype, target));
    assertThat(found).isEqualTo(target);
  }

  private static double agreement(Genotype one, Genotype other) {
    List<Gene> genes = one.cells().getFirst().genes();
    int same = 0;
    for (int i = 0; i < genes.size(); i++) {
      same += genes.get(i).equals(other.cells().getFirst().genes().get(i)) ? 1 : 0;
    }
    return same / 6.0;
  }

  /** 15,625 architectures and no more: a population that wants them all ends. */
  @Test
  void aSpaceThatIsExhaustedEnds() {
    SearchSpace space = Spaces.of("nasbench201");
    var settings = new OneShot.Evolution(2, 20_000, 10, 5_000, 5_000, 0.5, 0, 0);
    int[] tried = new int[1];
    new Evolution(space, settings, RNG)
        .best(
            (generation, origin, genotype) -> {
              tried[0]++;
              return 0;
            });
    assertThat((double) tried[0]).isCloseTo(15_625, within(10.0));
  }
}
