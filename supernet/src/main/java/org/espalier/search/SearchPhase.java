package org.espalier.search;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.data.Augment;
import org.espalier.data.Dataset;
import org.espalier.data.Images;
import org.espalier.data.Loader;
import org.espalier.data.Normalisation;
import org.espalier.optim.Schedule;
import org.espalier.report.SearchEpoch;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.strategy.Architecture;
import org.espalier.strategy.Strategies;
import org.espalier.strategy.Strategy;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;

/** Trains a supernet and its alphas, and reads an architecture off. */
final class SearchPhase implements Phase {
  /** Validation batches of an epoch's end where alpha does not learn and so sees none. */
  private static final int VALIDATION_BATCHES = 8;

  private static final double COLLAPSED = 0.5;

  private final Configuration.Search settings;
  private final SearchSpace space;
  private final Strategy strategy;
  private final Bilevel bilevel;
  private final Loader train;
  private final Loader valid;
  private final Feed trainFeed;
  private final Feed validFeed;
  private final Schedule rate;
  private final Rng rng;
  private Score trained = Score.NONE;
  private Score validated = Score.NONE;

  SearchPhase(Configuration configuration, Dataset data, Backend backend) {
    settings = configuration.search();
    space = Spaces.of(configuration.space());
    strategy = Strategies.of(configuration.strategy());
    rng = Rng.of(configuration.seed()).split("search");
    SearchSpace.Size size =
        new SearchSpace.Size(
            settings.channels(), settings.cells(), data.channels(), data.classCount());
    Supernet supernet =
        Supernet.of(root -> space.supernet(root, size), backend, rng.split("weights"));
    Architecture architecture = new Architecture(space, backend, rng.split("alpha"));
    bilevel = new Bilevel(space, strategy, supernet, architecture, settings);
    Images.Split halves = data.train().split(settings.trainShare(), rng.split("split"));
    Normalisation normalisation = Normalisation.of(data.train());
    train = loader(halves.first(), settings.augment(), normalisation, "train");
    valid = loader(halves.second(), Augment.none(), normalisation, "valid");
    trainFeed = new Feed(backend, data.train(), settings.batch());
    validFeed = new Feed(backend, data.train(), settings.batch());
    rate = Schedule.cosine(settings.learningRate(), settings.learningRateEnd(), settings.epochs());
  }

  private Loader loader(
      Images images, Augment augment, Normalisation normalisation, String stream) {
    return Loader.forTraining(
        images, settings.batch(), augment, normalisation, rng.split("data").split(stream));
  }

  @Override
  public String name() {
    return "search";
  }

  @Override
  public int epochs() {
    return settings.epochs();
  }

  @Override
  public int steps() {
    return train.batchesPerEpoch();
  }

  @Override
  public int images() {
    return settings.batch() * (strategy.update() == Strategy.AlphaUpdate.NONE ? 1 : 2);
  }

  @Override
  public List<Score> scores() {
    return List.of(trained, validated);
  }

  @Override
  public void step(long step) {
    int epoch = (int) (step / steps());
    trainFeed.load(train, step);
    if (settings.alphaFirst() && alphaLearns(epoch)) {
      architectureStep(step, epoch);
    }
    trained =
        trained.plus(bilevel.weightStep(trainFeed, moment("weights", step, epoch), rate.at(epoch)));
    if (!settings.alphaFirst() && alphaLearns(epoch)) {
      architectureStep(step, epoch);
    }
  }

  /** Whether alpha learns in an epoch, counted from 0; before, it is noise and says nothing. */
  private boolean alphaLearns(int epoch) {
    return strategy.update() != Strategy.AlphaUpdate.NONE && epoch >= warmupEpochs();
  }

  private int warmupEpochs() {
    return (int) (settings.alpha().warmup() * settings.epochs());
  }

  private void architectureStep(long step, int epoch) {
    validFeed.load(valid, step);
    Score score =
        bilevel.architectureStep(
            trainFeed,
            validFeed,
            moment("alpha", step, epoch),
            rate.at(epoch),
            settings.alpha().learningRate());
    validated = validated.plus(score);
  }

  private Bilevel.Moment moment(String which, long step, int epoch) {
    double progress = epochs() > 1 ? (double) epoch / (epochs() - 1) : 0;
    return new Bilevel.Moment(progress, rng.split(which).split(step));
  }

  @Override
  public void endEpoch(int epoch, double seconds, Ledger ledger, Progress progress) {
    if (validated.images() == 0) {
      for (int i = 0; i < Math.min(VALIDATION_BATCHES, valid.batchesPerEpoch()); i++) {
        validFeed.load(valid, i);
        validated = validated.plus(bilevel.evaluate(validFeed, moment("validation", i, epoch - 1)));
      }
    }
    Map<String, float[][]> weights = new LinkedHashMap<>();
    List<float[][]> alphas = bilevel.architecture().values();
    for (int kind = 0; kind < alphas.size(); kind++) {
      weights.put(space.cells().get(kind).name(), strategy.strengths(alphas.get(kind)));
    }
    double skips = Diagnostics.skipShare(space, weights.values());
    SearchEpoch measured =
        new SearchEpoch(
            epoch,
            epochs(),
            trained.loss(),
            trained.accuracy(),
            validated.loss(),
            validated.accuracy(),
            rate.at(epoch - 1),
            Diagnostics.entropy(weights.values()),
            skips,
            (double) steps() * images() / seconds,
            seconds,
            weights,
            space.format(space.derive(List.copyOf(weights.values()))));
    ledger.search().add(measured);
    trained = Score.NONE;
    validated = Score.NONE;
    progress.epoch(measured);
    if (skips > COLLAPSED && alphaLearns(epoch - 1) && ledger.warnings().isEmpty()) {
      String warning =
          "the search collapses: since epoch %d the strongest operation of %.0f %% of the edges is skip_connect"
              .formatted(epoch, 100 * skips);
      ledger.warnings().add(warning);
      progress.note(warning);
    }
  }

  /** The architecture that the search has found. */
  Genotype derive() {
    validFeed.load(valid, 0);
    return strategy.derive(
        space,
        bilevel.architecture().values(),
        genotype -> bilevel.evaluate(validFeed, space.path(genotype)).accuracy(),
        rng.split("derive"));
  }

  @Override
  public Map<String, Buffer> buffers() {
    Map<String, Buffer> buffers = new TreeMap<>();
    buffers.put("weights", bilevel.supernet().weights().values());
    bilevel.sgd().slots().forEach((name, buffer) -> buffers.put("weights." + name, buffer));
    buffers.put("alpha", bilevel.architecture().arena().values());
    bilevel.adam().slots().forEach((name, buffer) -> buffers.put("alpha." + name, buffer));
    return buffers;
  }

  @Override
  public void restore(long step, List<Score> scores) {
    trained = scores.get(0);
    validated = scores.get(1);
    boolean learns = strategy.update() != Strategy.AlphaUpdate.NONE;
    long warmup = (long) warmupEpochs() * steps();
    bilevel.adam().steps(learns ? (int) Math.max(0, step - warmup) : 0);
  }

  @Override
  public void close() {
    train.close();
    valid.close();
  }
}
