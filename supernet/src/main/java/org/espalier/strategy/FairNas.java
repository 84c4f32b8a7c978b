package org.espalier.strategy;

import java.util.ArrayList;
import java.util.List;
import org.espalier.space.Gene;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.supernet.Selections;
import org.espalier.tensor.Rng;

/**
 * FairNAS (Chu et al. 2021, algorithm 1), strict fairness: a step sums the gradients of as many
 * paths as there are operations, which take every operation of every edge once. Where an
 * architecture leaves edges out, which ones is drawn once a step. Then evolution, as {@link Spos};
 * the paper's has several objectives.
 */
record FairNas() implements Strategy {
  @Override
  public String name() {
    return "fairnas";
  }

  @Override
  public String description() {
    return "every operation of an edge once a step, gradients summed, then evolution (Chu et al."
        + " 2021)";
  }

  @Override
  public AlphaUpdate update() {
    return AlphaUpdate.NONE;
  }

  @Override
  public int passes(SearchSpace space) {
    return space.operations().size();
  }

  @Override
  public Selections select(Draw draw) {
    return draw.space().path(path(draw.space(), draw.rng(), draw.pass()));
  }

  /** Path {@code pass} of the step that {@code rng} is for. */
  static Genotype path(SearchSpace space, Rng rng, int pass) {
    Genotype wiring = space.random(rng);
    List<Genotype.Cell> cells = new ArrayList<>();
    for (int kind = 0; kind < wiring.cells().size(); kind++) {
      Genotype.Cell cell = wiring.cells().get(kind);
      List<Gene> genes = new ArrayList<>();
      for (Gene gene : cell.genes()) {
        Rng orders = rng.split("order").split(kind).split(genes.size());
        int k = space.operations().get(orders.permutation(space.operations().size())[pass]);
        genes.add(new Gene(gene.from(), gene.to(), space.candidates().get(k).name()));
      }
      cells.add(new Genotype.Cell(cell.name(), genes));
    }
    return new Genotype(wiring.space(), cells);
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
