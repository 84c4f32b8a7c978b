package org.espalier.strategy;

import org.espalier.space.Genotype;
import org.espalier.supernet.Selections;

/**
 * Single path one-shot (SPOS, Guo et al. 2020): one uniform path a step trains the shared weights;
 * then evolution, each candidate with batch-norm statistics of its own.
 */
record Spos() implements Strategy {
  @Override
  public String name() {
    return "spos";
  }

  @Override
  public String description() {
    return "one uniform path a step, then evolution with recalibrated batch norm (Guo et al. 2020)";
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
  public Protocol protocol(OneShot settings) {
    return Evolution.protocol(settings);
  }

  @Override
  public Genotype derive(Derivation derivation) {
    return Evolution.derive(derivation);
  }
}
