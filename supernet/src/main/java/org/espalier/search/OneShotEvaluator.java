package org.espalier.search;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.espalier.autograd.Statistics;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.data.Loader;
import org.espalier.op.CrossEntropy;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.strategy.Protocol;
import org.espalier.supernet.Selections;
import org.espalier.supernet.Supernet;

/**
 * Scores architectures with the weights that a supernet has learned for all of them. The statistics
 * of batch normalisation are never those of another architecture: they are the batch's, or, as the
 * {@link Protocol} says, taken anew for each architecture from some training batches.
 *
 * <p>It remembers what it has scored: {@link #forget} it when the weights have changed.
 */
public final class OneShotEvaluator {
  private final SearchSpace space;
  private final Supernet supernet;
  private final Backend backend;
  private final Loader train;
  private final Loader valid;
  private final Feed trainFeed;
  private final Feed validFeed;
  private final Map<Question, Double> known = new HashMap<>();

  private record Question(Genotype genotype, Protocol protocol) {}

  /**
   * For a supernet of a space.
   *
   * @param train batches for statistics
   * @param valid batches to be scored on
   */
  public OneShotEvaluator(SearchSpace space, Supernet supernet, Loader train, Loader valid) {
    this(space, supernet, train, valid, feed(supernet, train), feed(supernet, valid));
  }

  OneShotEvaluator(
      SearchSpace space,
      Supernet supernet,
      Loader train,
      Loader valid,
      Feed trainFeed,
      Feed validFeed) {
    this.space = space;
    this.supernet = supernet;
    this.train = train;
    this.valid = valid;
    this.trainFeed = trainFeed;
    this.validFeed = validFeed;
    backend = supernet.weights().backend();
  }

  private static Feed feed(Supernet supernet, Loader loader) {
    return new Feed(supernet.weights().backend(), loader.images(), loader.batchSize());
  }

  /** Share of right answers, 0 to 1. */
  public double accuracy(Genotype genotype, Protocol protocol) {
    return known.computeIfAbsent(
        new Question(genotype, protocol), question -> score(genotype, protocol).accuracy());
  }

  /** Forgets what it has scored. */
  public void forget() {
    known.clear();
  }

  /** Takes over what has been scored before. */
  void remember(Genotype genotype, Protocol protocol, double accuracy) {
    known.put(new Question(genotype, protocol), accuracy);
  }

  /** Loss and right answers, computed anew. */
  public Score score(Genotype genotype, Protocol protocol) {
    Selections path = space.path(genotype);
    if (protocol.calibration() == 0) {
      return score(path, protocol, () -> Tape.inference(backend));
    }
    try (Statistics statistics = new Statistics(backend)) {
      for (int i = 0; i < protocol.calibration(); i++) {
        trainFeed.load(train, i);
        backend.beginPass();
        try (Tape tape = Tape.calibrating(backend, statistics)) {
          supernet.logits(tape, trainFeed.images(), path).data();
        }
      }
      return score(path, protocol, () -> Tape.calibrated(backend, statistics));
    }
  }

  private Score score(Selections path, Protocol protocol, Supplier<Tape> tapes) {
    int batches = protocol.batches() == 0 ? valid.batchesPerEpoch() : protocol.batches();
    Score score = Score.NONE;
    for (int i = 0; i < batches; i++) {
      validFeed.load(valid, protocol.first() + i);
      backend.beginPass();
      try (Tape tape = tapes.get()) {
        score = score.plus(score(tape, supernet, validFeed, path));
      }
    }
    return score;
  }

  /** Of one batch. */
  static Score score(Tape tape, Supernet supernet, Feed feed, Selections selections) {
    Tensor logits = supernet.logits(tape, feed.images(), selections);
    return feed.score(logits, tape.apply(new CrossEntropy(0), logits, feed.labels()));
  }
}
