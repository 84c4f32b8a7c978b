package org.espalier.search;

import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.data.Batch;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.strategy.Architecture;
import org.espalier.strategy.Strategies;
import org.espalier.strategy.Strategy;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;

/**
 * The step of a search, of the weights and of alpha, on two batches of noise, over and over: for
 * whoever measures it. The settings are the published ones.
 */
public final class SearchStep {
  private static final Rng RNG = Rng.of(1);

  private final Bilevel bilevel;
  private final Feed train;
  private final Feed valid;
  private final Configuration.Search settings;

  /**
   * @param strategy one that learns alpha by gradients
   * @param extent rows and columns of an image
   */
  public SearchStep(
      Backend backend,
      String space,
      String strategy,
      SearchSpace.Size size,
      int extent,
      int batch) {
    SearchSpace where = Spaces.of(space);
    Strategy how = Strategies.of(strategy);
    settings = Configurations.of(space, Configurations.Preset.PAPER, List.of()).search();
    Supernet supernet = Supernet.of(root -> where.supernet(root, size), backend, RNG);
    Architecture architecture = Architecture.of(where, how, settings.oneShot(), backend, RNG);
    bilevel = new Bilevel(where, how, supernet, architecture, settings);
    train = noise(backend, size, extent, batch, RNG.split("train"));
    valid = noise(backend, size, extent, batch, RNG.split("valid"));
  }

  private static Feed noise(
      Backend backend, SearchSpace.Size size, int extent, int batch, Rng rng) {
    float[] pixels = new float[batch * extent * extent * size.inputChannels()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = rng.normal(i);
    }
    float[] labels = new float[batch];
    for (int i = 0; i < batch; i++) {
      labels[i] = rng.split("labels").below(i, size.classes());
    }
    return new Feed(backend, extent, extent, size.inputChannels(), batch)
        .load(new Batch(pixels, labels, batch));
  }

  /**
   * Takes it, the weights first, as NAS-Bench-201 does; the order costs nothing.
   *
   * @param i its number, which decides what a sampling strategy draws
   * @return the mean loss of the training batch
   */
  public double take(int i) {
    Bilevel.Moment moment = new Bilevel.Moment(0, RNG.split("step").split(i));
    float rate = settings.learningRate();
    Score score = bilevel.weightStep(train, moment, rate);
    bilevel.architectureStep(train, valid, moment, rate, settings.alpha().learningRate());
    return score.loss();
  }
}
