package org.espalier.search;

import java.util.Map;
import java.util.TreeMap;
import org.espalier.autograd.Statistics;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.op.CrossEntropy;
import org.espalier.optim.Adam;
import org.espalier.optim.Clip;
import org.espalier.optim.Sgd;
import org.espalier.space.SearchSpace;
import org.espalier.strategy.Architecture;
import org.espalier.strategy.Draw;
import org.espalier.strategy.Strategy;
import org.espalier.supernet.Selections;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;

/**
 * The two alternating steps of one-shot search (Liu et al. 2019, algorithm 1): the shared weights
 * follow the training loss, alpha follows the validation loss.
 */
final class Bilevel {
  /** Numerator of the finite difference's step, {@code 0.01/||v||} (DARTS, below eq. 8). */
  private static final float FINITE_DIFFERENCE = 0.01f;

  private final SearchSpace space;
  private final Strategy strategy;
  private final Supernet supernet;
  private final Architecture architecture;
  private final Backend backend;
  private final Sgd sgd;
  private final Adam adam;
  private final float clip;
  private final Map<String, Buffer> scratch = new TreeMap<>();

  Bilevel(
      SearchSpace space,
      Strategy strategy,
      Supernet supernet,
      Architecture architecture,
      Configuration.Search settings) {
    this.space = space;
    this.strategy = strategy;
    this.supernet = supernet;
    this.architecture = architecture;
    backend = supernet.weights().backend();
    sgd =
        new Sgd(
            supernet.weights(), settings.momentum(), settings.weightDecay(), settings.nesterov());
    Configuration.Alpha alpha = settings.alpha();
    adam = new Adam(architecture.arena(), alpha.beta1(), alpha.beta2(), alpha.weightDecay());
    clip = settings.clip();
  }

  /** When in the search a pass is, and where it draws from. */
  record Moment(double progress, Rng rng) {}

  /** Passes over the batch in a step of the weights. */
  int passes() {
    return strategy.passes(space);
  }

  /** One step of the shared weights, along the sum of its passes' gradients. */
  Score weightStep(Feed train, Moment moment, float rate) {
    differentiate(true, false);
    zeroGradients();
    Score score = Score.NONE;
    for (int pass = 0; pass < passes(); pass++) {
      score = score.plus(pass(train, moment, false, pass));
    }
    Clip.byGlobalNorm(supernet.weights(), clip);
    sgd.step(rate);
    return score;
  }

  /**
   * One step of alpha.
   *
   * @param rate of the weights: the length of the virtual step, if the strategy unrolls one
   */
  Score architectureStep(Feed train, Feed valid, Moment moment, float rate, float alphaRate) {
    Score score = architectureGradient(train, valid, moment, rate);
    adam.step(alphaRate);
    return score;
  }

  /** Leaves the gradient of the validation loss in alpha's arena. */
  Score architectureGradient(Feed train, Feed valid, Moment moment, float rate) {
    if (strategy.update() == Strategy.AlphaUpdate.UNROLLED) {
      return unrolled(train, valid, moment, rate);
    }
    differentiate(false, true);
    return pass(valid, moment);
  }

  /**
   * DARTS eq. 7 and 8: the gradient at the weights after one virtual step, less eta times a
   * Hessian-vector product by central differences around the weights before it.
   */
  private Score unrolled(Feed train, Feed valid, Moment moment, float eta) {
    Buffer w = supernet.weights().values();
    Buffer before = scratch("before", w.size());
    backend.axpby(1, w, 0, before);

    differentiate(true, false);
    pass(train, moment);
    // w' = w - eta*(mu*velocity + g + decay*w)
    backend.axpby(-eta, supernet.weights().gradients(), 1 - eta * sgd.decay(), w);
    backend.axpby(-eta * sgd.momentum(), sgd.velocity(), 1, w);

    differentiate(true, true);
    final Score score = pass(valid, moment);
    Buffer v = scratch("v", w.size());
    backend.axpby(1, supernet.weights().gradients(), 0, v);
    Buffer alphaGradient = architecture.arena().gradients();
    Buffer result = scratch("alpha", alphaGradient.size());
    backend.axpby(1, alphaGradient, 0, result);

    float eps = FINITE_DIFFERENCE / norm(v);
    differentiate(false, true);
    for (int sign : new int[] {1, -1}) {
      backend.axpby(1, before, 0, w);
      backend.axpby(sign * eps, v, 1, w);
      pass(train, moment);
      backend.axpby(-sign * eta / (2 * eps), alphaGradient, 1, result);
    }
    backend.axpby(1, before, 0, w);
    backend.axpby(1, result, 0, alphaGradient);
    return score;
  }

  /** Chooses by what the next passes differentiate. */
  private void differentiate(boolean byWeights, boolean byAlpha) {
    supernet.weights().differentiate(byWeights);
    architecture.arena().differentiate(byAlpha);
  }

  private void zeroGradients() {
    backend.beginPass();
    supernet.weights().zeroGradients();
    architecture.arena().zeroGradients();
  }

  /** A pass of alpha's step, into zeroed gradients. */
  private Score pass(Feed feed, Moment moment) {
    zeroGradients();
    return pass(feed, moment, true, 0);
  }

  /** Forward and, with something to differentiate by, backward, added to the gradients. */
  private Score pass(Feed feed, Moment moment, boolean forAlpha, int pass) {
    try (Tape tape = Tape.training(backend, moment.rng().split("tape"))) {
      Selections selections = select(tape, moment, forAlpha, pass);
      Tensor logits = supernet.logits(tape, feed.images(), selections);
      Tensor loss = tape.apply(new CrossEntropy(0), logits, feed.labels());
      if (loss.requiresGrad()) {
        tape.backward(loss, logits);
      }
      return feed.score(logits, loss); // waits for the device: after all is on its way
    }
  }

  private Selections select(Tape tape, Moment moment, boolean forAlpha, int pass) {
    return strategy.select(
        new Draw(
            tape,
            space,
            architecture.alphas(),
            moment.progress(),
            moment.rng().split("draw"),
            forAlpha,
            pass,
            architecture.policy()));
  }

  /** A pass without gradients, with selections drawn as for the weights. */
  Score evaluate(Feed feed, Moment moment) {
    backend.beginPass();
    try (Tape tape = Tape.inference(backend)) {
      return OneShotEvaluator.score(tape, supernet, feed, select(tape, moment, false, 0));
    }
  }

  /**
   * Two such passes, the second with the statistics of the first: all that an {@link
   * OneShotEvaluator} needs of memory.
   */
  Score calibrate(Feed feed, Moment moment) {
    try (Statistics statistics = new Statistics(backend)) {
      backend.beginPass();
      try (Tape tape = Tape.calibrating(backend, statistics)) {
        OneShotEvaluator.score(tape, supernet, feed, select(tape, moment, false, 0));
      }
      backend.beginPass();
      try (Tape tape = Tape.calibrated(backend, statistics)) {
        return OneShotEvaluator.score(tape, supernet, feed, select(tape, moment, false, 0));
      }
    }
  }

  private float norm(Buffer x) {
    Buffer norm = scratch("norm", 1);
    backend.norm(x, norm);
    float[] value = new float[1];
    backend.read(norm, value);
    return value[0];
  }

  private Buffer scratch(String name, int size) {
    return scratch.computeIfAbsent(name, n -> backend.allocate(size));
  }

  Sgd sgd() {
    return sgd;
  }

  Adam adam() {
    return adam;
  }

  Supernet supernet() {
    return supernet;
  }

  Architecture architecture() {
    return architecture;
  }
}
