package org.espalier.strategy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import org.espalier.space.Genotype;

/** The best of some architectures by the shared weights. */
final class Contest {
  private static final int FIRST = 1;
  private static final int FINAL = 2;

  private Contest() {}

  private record Scored(Genotype genotype, double accuracy) {}

  /**
   * Scores each candidate once on validation batches of its own, then the best few on all
   * validation images, and returns the best; of equals the first.
   */
  static Genotype best(List<Genotype> candidates, Derivation derivation) {
    OneShot.Candidates settings = derivation.settings().candidates();
    List<Scored> scored = new ArrayList<>();
    for (Genotype genotype : new LinkedHashSet<>(candidates)) {
      long first = (long) scored.size() * settings.batches();
      Protocol protocol = Protocol.batches(settings.batches(), first);
      scored.add(new Scored(genotype, derivation.scorer().accuracy(FIRST, genotype, protocol)));
    }
    List<Scored> finalists =
        ranked(scored).subList(0, Math.min(settings.finalists(), scored.size())).stream()
            .map(Scored::genotype)
            .map(genotype -> new Scored(genotype, onAll(genotype, derivation)))
            .toList();
    return ranked(finalists.isEmpty() ? scored : finalists).getFirst().genotype();
  }

  private static double onAll(Genotype genotype, Derivation derivation) {
    return derivation.scorer().accuracy(FINAL, genotype, Protocol.batches(0, 0));
  }

  private static List<Scored> ranked(List<Scored> scored) {
    return scored.stream().sorted(Comparator.comparingDouble(s -> -s.accuracy())).toList();
  }
}
