package org.espalier.benchmark;

/** Tries architectures drawn uniformly. */
record RandomSearch() implements BlackBox {
  @Override
  public String name() {
    return "random";
  }

  @Override
  public String description() {
    return "random search: uniform, the best validation accuracy wins";
  }

  @Override
  public void search(Trials trials, Dice dice) {
    double fitness;
    do {
      fitness = trials.train(dice.architecture(trials.space()));
    } while (!Double.isNaN(fitness));
  }
}
