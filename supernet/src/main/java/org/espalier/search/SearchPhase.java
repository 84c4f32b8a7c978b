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
import org.espalier.strategy.Derivation;
import org.espalier.strategy.Policy;
import org.espalier.strategy.Strategies;
import org.espalier.strategy.Strategy;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;

/** Trains a supernet and its alphas, and reads an architecture off. */
final class SearchPhase implements Phase {
  /** Validation batches of an epoch's end where alpha does not learn and so sees none. */
  private static final int VALIDATION_BATCHES = 8;

  /** Samples by which an epoch's end says what a policy has learned. */
  private static final int POLICY_SAMPLES = 100;

  private final Configuration.Search settings;
  private final SearchSpace space;
  private final Strategy strategy;
  private final Bilevel bilevel;
  private final OneShotEvaluator evaluator;
  private final @Nullable Policy policy;
  private final Loader train;
  private final Loader valid;
  private final Feed trainFeed;
  private final Feed validFeed;
  private final Schedule rate;
  private final Rng rng;
  private Score trained = Score.NONE;
  private Score validated = Score.NONE;
  private int lastImages;

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
    Architecture architecture =
        Architecture.of(space, strategy, settings.oneShot(), backend, rng.split("alpha"));
    policy = architecture.policy();
    bilevel = new Bilevel(space, strategy, supernet, architecture, settings);
    Images.Split halves = data.train().split(settings.trainShare(), rng.split("split"));
    Normalisation normalisation = Normalisation.of(data.train());
    train = loader(halves.first(), settings.augment(), normalisation, "train");
    valid = loader(halves.second(), Augment.none(), normalisation, "valid");
    trainFeed = new Feed(backend, data.train(), settings.batch());
    validFeed = new Feed(backend, data.train(), settings.batch());
    evaluator = new OneShotEvaluator(space, supernet, train, valid, trainFeed, validFeed);
    rate = schedule(settings);
  }

  private static Schedule schedule(Configuration.Search s) {
    return s.restart() > 0
        ? Schedule.warmRestarts(s.learningRate(), s.learningRateEnd(), s.restart(), 2)
        : Schedule.cosine(s.learningRate(), s.learningRateEnd(), s.epochs());
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

  /** Those of the weights, then those of the policy, if there is one. */
  @Override
  public int steps() {
    return train.batchesPerEpoch() + policySteps();
  }

  /** The shared weights, and the network that they are of. */
  Supernet supernet() {
    return bilevel.supernet();
  }

  /** Scores architectures with the shared weights on this search's images. */
  OneShotEvaluator evaluator() {
    return evaluator;
  }

  private int policySteps() {
    return policy == null ? 0 : policy.steps();
  }

  /** Of the last step. */
  @Override
  public int images() {
    return lastImages;
  }

  private int imagesOfWeightStep() {
    boolean alpha = strategy.update() != Strategy.AlphaUpdate.NONE;
    return settings.batch() * (bilevel.passes() + (alpha ? 1 : 0));
  }

  private int imagesOfPolicyStep() {
    return policy == null ? 0 : settings.batch() * policy.samples();
  }

  @Override
  public List<Score> scores() {
    return List.of(trained, validated);
  }

  @Override
  public void step(long step) {
    int epoch = (int) (step / steps());
    int within = (int) (step % steps());
    int ofWeights = train.batchesPerEpoch();
    if (policy == null || within < ofWeights) {
      step((long) epoch * ofWeights + within, epoch);
      lastImages = imagesOfWeightStep();
    } else {
      long taken = (long) epoch * policy.steps() + within - ofWeights;
      policy.step(taken, evaluator::accuracy, rng.split("policy").split(taken));
      lastImages = imagesOfPolicyStep();
    }
  }

  /** A step of the weights and, where it learns, of alpha. */
  private void step(long step, int epoch) {
    evaluator.forget();
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
    bilevel.architecture().describePolicy(POLICY_SAMPLES, rng.split("samples").split(epoch));
    Map<String, float[][]> weights = new LinkedHashMap<>();
    List<float[][]> alphas = bilevel.architecture().values();
    for (int kind = 0; kind < alphas.size(); kind++) {
      weights.put(space.cells().get(kind).name(), strategy.strengths(alphas.get(kind)));
    }
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
            Diagnostics.skipShare(space, weights.values()),
            imagesOfEpoch() / seconds,
            seconds,
            weights,
            space.format(space.derive(List.copyOf(weights.values()))),
            policy == null ? Map.of() : policy.figures());
    ledger.search().add(measured);
    trained = Score.NONE;
    validated = Score.NONE;
    progress.epoch(measured);
    if (ledger.warnings().isEmpty()) {
      Diagnostics.warning(space, measured, alphaLearns(epoch - 1))
          .ifPresent(
              warning -> {
                ledger.warnings().add(warning);
                progress.note(warning);
              });
    }
  }

  private double imagesOfEpoch() {
    return (double) train.batchesPerEpoch() * imagesOfWeightStep()
        + (double) policySteps() * imagesOfPolicyStep();
  }

  /**
   * The architecture that the search has found.
   *
   * @param ledger has what an earlier session has scored, and takes what this one does
   * @param pause called after each score, which is then in the ledger
   */
  Genotype derive(Ledger ledger, Progress progress, Runnable pause) {
    evaluator.forget();
    Candidates candidates = new Candidates(space, evaluator, ledger, progress, pause);
    Genotype found =
        strategy.derive(
            new Derivation(
                space,
                bilevel.architecture().values(),
                policy,
                settings.oneShot(),
                candidates,
                rng.split("derive")));
    candidates.end();
    return found;
  }

  @Override
  public Map<String, Buffer> buffers() {
    Map<String, Buffer> buffers = new TreeMap<>();
    buffers.put("weights", bilevel.supernet().weights().values());
    bilevel.sgd().slots().forEach((name, buffer) -> buffers.put("weights." + name, buffer));
    buffers.put("alpha", bilevel.architecture().arena().values());
    bilevel.adam().slots().forEach((name, buffer) -> buffers.put("alpha." + name, buffer));
    if (policy != null) {
      policy.buffers().forEach((name, buffer) -> buffers.put("policy." + name, buffer));
    }
    return buffers;
  }

  @Override
  public void restore(long step, List<Score> scores) {
    trained = scores.get(0);
    validated = scores.get(1);
    boolean learns = strategy.update() != Strategy.AlphaUpdate.NONE;
    long warmup = (long) warmupEpochs() * steps();
    bilevel.adam().steps(learns ? (int) Math.max(0, step - warmup) : 0);
    if (policy != null) {
      long within = Math.max(0, step % steps() - train.batchesPerEpoch());
      policy.restore(step / steps() * policy.steps() + within);
    }
  }

  @Override
  public void close() {
    train.close();
    valid.close();
  }
}
