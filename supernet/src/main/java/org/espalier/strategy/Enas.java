package org.espalier.strategy;

import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.supernet.Selections;
import org.espalier.tensor.Rng;

/**
 * ENAS (Pham et al. 2018): a controller draws one path a step for the shared weights; after each
 * epoch it learns from the accuracy of paths it draws; in the end the best of those it draws is
 * taken.
 */
record Enas() implements Strategy {
  @Override
  public String name() {
    return "enas";
  }

  @Override
  public String description() {
    return "paths of an LSTM controller that learns by their accuracy (Pham et al. 2018)";
  }

  @Override
  public AlphaUpdate update() {
    return AlphaUpdate.NONE;
  }

  @Override
  public Policy policy(SearchSpace space, OneShot settings, Backend backend, Rng rng) {
    return new Reinforce(space, settings.controller(), backend, rng);
  }

  @Override
  public Selections select(Draw draw) {
    return draw.space().path(Objects.requireNonNull(draw.policy()).sample(draw.rng()));
  }

  @Override
  public Genotype derive(Derivation derivation) {
    Policy policy = Objects.requireNonNull(derivation.policy());
    List<Genotype> candidates =
        IntStream.range(0, derivation.settings().candidates().count())
            .mapToObj(i -> policy.sample(derivation.rng().split(i)))
            .toList();
    return Contest.best(candidates, derivation);
  }
}
