package org.espalier.search;

import org.espalier.InputException;
import org.espalier.space.Spaces;
import org.espalier.strategy.OneShot;
import org.espalier.strategy.Strategies;

/** The limits of a configuration's values. */
final class ConfigurationCheck {
  private ConfigurationCheck() {}

  /**
   * The configuration, if a run can start with it.
   *
   * @throws InputException naming the first key that is out of its limits
   */
  static Configuration checked(Configuration c) {
    Spaces.of(c.space());
    Strategies.of(c.strategy());
    atLeast("threads", c.threads(), 0);
    atLeast("contenders", c.contenders(), 0);
    Configuration.Search s = c.search();
    atLeast("search.epochs", s.epochs(), 1);
    atLeast("search.batch", s.batch(), 2);
    atLeast("search.channels", s.channels(), 1);
    atLeast("search.cells", s.cells(), 1);
    between("search.alpha.warmup", s.alpha().warmup(), 0, 0.99);
    between("search.trainShare", s.trainShare(), 0.01, 0.99);
    between("search.learningRate", s.learningRate(), 0, 100);
    between("search.learningRateEnd", s.learningRateEnd(), 0, 100);
    between("search.momentum", s.momentum(), 0, 1);
    between("search.alpha.learningRate", s.alpha().learningRate(), 0, 100);
    between("search.alpha.beta1", s.alpha().beta1(), 0, 0.999999);
    between("search.alpha.beta2", s.alpha().beta2(), 0, 0.999999);
    atLeast("search.restart", s.restart(), 0);
    oneShot(s.oneShot());
    Configuration.Training t = c.training();
    atLeast("training.epochs", t.epochs(), 1);
    atLeast("training.batch", t.batch(), 2);
    atLeast("training.channels", t.channels(), 1);
    atLeast("training.cells", t.cells(), 1);
    between("training.learningRate", t.learningRate(), 0, 100);
    between("training.learningRateEnd", t.learningRateEnd(), 0, 100);
    between("training.momentum", t.momentum(), 0, 1);
    between("training.smoothing", t.smoothing(), 0, 0.99);
    between("training.dropPath", t.dropPath(), 0, 0.99);
    between("training.auxiliary", t.auxiliary(), 0, 100);
    if (c.space().equals("darts")) {
      even("search.channels", s.channels());
      even("training.channels", t.channels());
    }
    return c;
  }

  private static void oneShot(OneShot o) {
    OneShot.Controller c = o.controller();
    atLeast("search.oneShot.controller.hidden", c.hidden(), 1);
    atLeast("search.oneShot.controller.layers", c.layers(), 1);
    between("search.oneShot.controller.temperature", c.temperature(), 1e-3, 1e6);
    between("search.oneShot.controller.tanh", c.tanh(), 0, 50);
    between("search.oneShot.controller.operationTanh", c.operationTanh(), 0, 50);
    between("search.oneShot.controller.learningRate", c.learningRate(), 0, 100);
    between("search.oneShot.controller.beta1", c.beta1(), 0, 0.999999);
    between("search.oneShot.controller.epsilon", c.epsilon(), 1e-12, 1);
    between("search.oneShot.controller.baselineDecay", c.baselineDecay(), 0, 1);
    atLeast("search.oneShot.controller.steps", c.steps(), 1);
    atLeast("search.oneShot.controller.samples", c.samples(), 1);
    atLeast("search.oneShot.candidates.count", o.candidates().count(), 1);
    atLeast("search.oneShot.candidates.batches", o.candidates().batches(), 1);
    atLeast("search.oneShot.candidates.finalists", o.candidates().finalists(), 0);
    OneShot.Evolution e = o.evolution();
    atLeast("search.oneShot.evolution.generations", e.generations(), 1);
    atLeast("search.oneShot.evolution.population", e.population(), 1);
    atLeast("search.oneShot.evolution.parents", e.parents(), 1);
    atLeast("search.oneShot.evolution.mutants", e.mutants(), 0);
    atLeast("search.oneShot.evolution.crossovers", e.crossovers(), 0);
    between("search.oneShot.evolution.mutation", e.mutation(), 0, 1);
    atLeast("search.oneShot.evolution.calibration", e.calibration(), 0);
    atLeast("search.oneShot.evolution.batches", e.batches(), 0);
    if (e.mutants() + e.crossovers() > e.population()) {
      throw new InputException(
          "search.oneShot.evolution has %d mutants and %d crossovers; population %d is too small"
              .formatted(e.mutants(), e.crossovers(), e.population()));
    }
  }

  private static void atLeast(String key, int value, int least) {
    if (value < least) {
      throw new InputException(key + " is " + value + "; at least " + least + " is wanted");
    }
  }

  private static void even(String key, int value) {
    if (value % 2 != 0) {
      throw new InputException(
          key + " is " + value + "; the darts space halves channels and wants an even number");
    }
  }

  /** Written so that NaN is outside. */
  private static void between(String key, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new InputException(
          key + " is " + value + "; between " + least + " and " + most + " is wanted");
    }
  }
}
