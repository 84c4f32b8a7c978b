package org.espalier.strategy;

import java.util.List;
import java.util.stream.IntStream;
import org.espalier.space.Genotype;
import org.espalier.supernet.Selections;

/**
 * Random search with parameter sharing (RSPS, Li and Talwalkar 2019): one uniform architecture a
 * step trains the shared weights; then random architectures are scored with them and the best is
 * taken: on NAS-Bench-201 of 100 on one batch each (Dong and Yang 2020), else of 1,000 on ten
 * batches each, the best ten again on all validation images.
 */
record RandomSharing() implements Strategy {
  @Override
  public String name() {
    return "random";
  }

  @Override
  public String description() {
    return "one uniform path a step, best of many with shared weights (RSPS, Li and Talwalkar"
        + " 2019)";
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
  public Genotype derive(Derivation derivation) {
    List<Genotype> candidates =
        IntStream.range(0, derivation.settings().candidates().count())
            .mapToObj(i -> derivation.space().random(derivation.rng().split(i)))
            .toList();
    return Contest.best(candidates, derivation);
  }
}
