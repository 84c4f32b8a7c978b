package org.espalier.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.espalier.space.Gene;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.tensor.Rng;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Strict fairness (Chu et al. 2021, definition 2). */
class FairNasTest {
  private static final Rng RNG = Rng.of(4);

  @ParameterizedTest
  @ValueSource(strings = {"nasbench201", "darts"})
  void aStepTakesEveryOperationOfEveryEdgeOnce(String name) {
    SearchSpace space = Spaces.of(name);
    List<String> operations =
        space.operations().stream().map(k -> space.candidates().get(k).name()).toList();
    int passes = new FairNas().passes(space);
    assertThat(passes).isEqualTo(name.equals("darts") ? 7 : 5).isEqualTo(operations.size());
    for (int step = 0; step < 10; step++) {
      Map<String, List<String>> taken = new TreeMap<>();
      for (int pass = 0; pass < passes; pass++) {
        Genotype path = FairNas.path(space, RNG.split(step), pass);
        assertThat(space.parse(space.format(path))).as("an architecture").isEqualTo(path);
        for (Genotype.Cell cell : path.cells()) {
          for (Gene gene : cell.genes()) {
            taken
                .computeIfAbsent(
                    cell.name() + gene.from() + "-" + gene.to(), edge -> new ArrayList<>())
                .add(gene.op());
          }
        }
      }
      assertThat(taken).hasSize(name.equals("darts") ? 16 : 6);
      assertThat(taken.values())
          .allSatisfy(ops -> assertThat(ops).containsExactlyInAnyOrderElementsOf(operations));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"nasbench201", "darts"})
  void theOrderIsDrawnAnewForEveryEdgeAndStep(String name) {
    SearchSpace space = Spaces.of(name);
    Set<Genotype> first = new HashSet<>();
    Set<String> operations = new HashSet<>();
    for (int step = 0; step < 20; step++) {
      Genotype path = FairNas.path(space, RNG.split(step), 0);
      first.add(path);
      Set<String> ofPath = new HashSet<>();
      path.cells().getFirst().genes().forEach(gene -> ofPath.add(gene.op()));
      operations.addAll(ofPath);
      assertThat(ofPath).as("edges have orders of their own").hasSizeGreaterThan(1);
    }
    assertThat(first).hasSize(20);
    assertThat(operations).hasSize(space.operations().size());
  }
}
