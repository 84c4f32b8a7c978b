package org.espalier.search;

import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.data.Batch;
import org.espalier.parity.Fixture;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.strategy.Architecture;
import org.espalier.strategy.Strategies;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;

/**
 * A small search in the middle of it: a supernet, its alphas and two batches of noise, for tests of
 * its steps.
 */
record Small(
    SearchSpace space,
    Supernet supernet,
    Architecture architecture,
    Bilevel bilevel,
    Feed train,
    Feed valid) {
  static final int CHANNELS = 8;
  static final int BATCH = 4;
  private static final int EXTENT = 8;
  private static final int CLASSES = 10;

  /** Two cells to a stage, or three layers, of eight channels; all drawn from the seed. */
  static Small of(String space, String strategy, Backend backend, long seed) {
    SearchSpace where = Spaces.of(space);
    SearchSpace.Size size =
        new SearchSpace.Size(CHANNELS, space.equals("darts") ? 3 : 2, 3, CLASSES);
    Supernet supernet = Supernet.of(root -> where.supernet(root, size), backend, Rng.of(seed));
    Configuration.Search paper =
        Configurations.of(space, Configurations.Preset.PAPER, List.of()).search();
    Architecture architecture =
        Architecture.of(where, Strategies.of(strategy), paper.oneShot(), backend, Rng.of(seed));
    Bilevel bilevel = new Bilevel(where, Strategies.of(strategy), supernet, architecture, paper);
    return new Small(
        where,
        supernet,
        architecture,
        bilevel,
        feed(backend, Rng.of(seed).split(1)),
        feed(backend, Rng.of(seed).split(2)));
  }

  private static Feed feed(Backend backend, Rng rng) {
    float[] pixels = new float[BATCH * EXTENT * EXTENT * 3];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = rng.normal(i);
    }
    float[] labels = new float[BATCH];
    for (int i = 0; i < BATCH; i++) {
      labels[i] = rng.split(1).below(i, CLASSES);
    }
    return new Feed(backend, EXTENT, EXTENT, 3, BATCH).load(new Batch(pixels, labels, BATCH));
  }

  /** One step of the weights and, where alpha learns, one of alpha. */
  void step(Bilevel.Moment moment) {
    bilevel.weightStep(train, moment, 0.025f);
    bilevel.architectureStep(train, valid, moment, 0.025f, 3e-3f);
  }

  float[] weights() {
    return Fixture.read(supernet.weights().backend(), supernet.weights().values());
  }

  float[] weightGradients() {
    return Fixture.read(supernet.weights().backend(), supernet.weights().gradients());
  }

  float[] alphas() {
    return Fixture.read(architecture.arena().backend(), architecture.arena().values());
  }

  float[] alphaGradients() {
    return Fixture.read(architecture.arena().backend(), architecture.arena().gradients());
  }
}
