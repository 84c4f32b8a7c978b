package org.espalier.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.espalier.space.Gene;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;

/** The most probable architectures by the probabilities of their operations. */
class SetnTest {
  private static final Rng RNG = Rng.of(5);

  private static List<float[][]> probabilities(SearchSpace space) {
    List<float[][]> all = new ArrayList<>();
    for (int kind = 0; kind < space.cells().size(); kind++) {
      int edges = space.cells().get(kind).edges().size();
      float[][] alpha = new float[edges][space.candidates().size()];
      for (int e = 0; e < edges; e++) {
        for (int k = 0; k < alpha[e].length; k++) {
          alpha[e][k] = RNG.split(kind).split(e).normal(k);
        }
      }
      all.add(Strategy.softmax(alpha));
    }
    return all;
  }

  private static double log(SearchSpace space, List<float[][]> probabilities, Genotype genotype) {
    double log = 0;
    for (int kind = 0; kind < genotype.cells().size(); kind++) {
      for (Gene gene : genotype.cells().get(kind).genes()) {
        int edge =
            space.cells().get(kind).edges().indexOf(new SearchSpace.Edge(gene.from(), gene.to()));
        log += Math.log(probabilities.get(kind)[edge][space.candidate(gene.op())]);
      }
    }
    return log;
  }

  @Test
  void onNasBench201TheyAreThoseOfAnEnumeration() {
    SearchSpace space = Spaces.of("nasbench201");
    List<float[][]> probabilities = probabilities(space);
    List<Genotype> all = new ArrayList<>();
    for (int i = 0; i < 15_625; i++) {
      int[] choices = new int[6];
      for (int e = 0, rest = i; e < 6; e++, rest /= 5) {
        choices[e] = rest % 5;
      }
      all.add(space.decode(choices));
    }
    all.sort(Comparator.comparingDouble(genotype -> -log(space, probabilities, genotype)));
    assertThat(Setn.mostProbable(space, probabilities, 100)).isEqualTo(all.subList(0, 100));
  }

  @Test
  void onDartsNoneThatIsDrawnIsMoreProbableAndLeftOut() {
    SearchSpace space = Spaces.of("darts");
    List<float[][]> probabilities = probabilities(space);
    List<Genotype> best = Setn.mostProbable(space, probabilities, 1000);
    assertThat(best).hasSize(1000).doesNotHaveDuplicates();
    assertThat(best)
        .isSortedAccordingTo(
            Comparator.comparingDouble(
                genotype -> -Math.rint(1e6 * log(space, probabilities, genotype))));
    double last = log(space, probabilities, best.getLast());
    // Neighbours of the best are the likeliest that there are.
    for (Genotype genotype : best.subList(0, 10)) {
      for (int i = 0; i < 200; i++) {
        Genotype neighbour = neighbour(space, genotype, RNG.split(i));
        if (log(space, probabilities, neighbour) > last + 1e-6) {
          assertThat(best).contains(neighbour);
        }
      }
    }
  }

  /** Another operation on one of its edges. */
  private static Genotype neighbour(SearchSpace space, Genotype genotype, Rng rng) {
    int kind = rng.below(0, 2);
    List<Gene> genes = new ArrayList<>(genotype.cells().get(kind).genes());
    int at = rng.below(1, genes.size());
    String op = space.candidates().get(1 + rng.below(2, 7)).name();
    genes.set(at, new Gene(genes.get(at).from(), genes.get(at).to(), op));
    List<Genotype.Cell> cells = new ArrayList<>(genotype.cells());
    cells.set(kind, new Genotype.Cell(cells.get(kind).name(), genes));
    return new Genotype(genotype.space(), cells);
  }
}
