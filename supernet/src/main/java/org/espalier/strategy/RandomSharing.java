package org.espalier.strategy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.supernet.Selections;
import org.espalier.tensor.Rng;

/**
 * Random search with parameter sharing (RSPS, Li and Talwalkar 2019): one uniform architecture a
 * step trains the shared weights; then random architectures are scored with them and the best is
 * taken.
 *
 * @param scored how many are scored
 */
record RandomSharing(int scored) implements Strategy {
  @Override
  public String name() {
    return "random";
  }

  @Override
  public String description() {
    return "one uniform path a step, best of "
        + scored
        + " with shared weights (RSPS, Li and Talwalkar 2019)";
  }

  @Override
  public AlphaUpdate update() {
    return AlphaUpdate.NONE;
  }

  @Override
  public Selections select(Draw draw) {
    return draw.space().path(draw.space().random(draw.rng()));
  }

  @Override
  public Genotype derive(
      SearchSpace space, List<float[][]> alphas, ToDoubleFunction<Genotype> accuracy, Rng rng) {
    Set<Genotype> seen = new HashSet<>();
    Genotype best = space.random(rng.split(0));
    double bestAccuracy = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < scored; i++) {
      Genotype candidate = space.random(rng.split(i));
      if (seen.add(candidate)) {
        double score = accuracy.applyAsDouble(candidate);
        if (score > bestAccuracy) {
          best = candidate;
          bestAccuracy = score;
        }
      }
    }
    return best;
  }
}
