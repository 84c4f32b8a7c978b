package org.espalier.search;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.data.Batch;
import org.espalier.data.Dataset;
import org.espalier.data.Loader;
import org.espalier.data.Normalisation;
import org.espalier.nn.ParameterArena;
import org.espalier.op.Add;
import org.espalier.op.CrossEntropy;
import org.espalier.op.Scale;
import org.espalier.optim.Clip;
import org.espalier.optim.Schedule;
import org.espalier.optim.Sgd;
import org.espalier.report.Contender;
import org.espalier.report.TrainEpoch;
import org.espalier.space.Genotype;
import org.espalier.space.Network;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.tensor.Rng;

/** Trains one architecture from scratch on all training images, testing it after every epoch. */
final class TrainingPhase implements Phase {
  private static final int TEST_BATCH = 250;

  private final Configuration.Training settings;
  private final SearchSpace space;
  private final Genotype genotype;
  private final String architecture;
  private final Backend backend;
  private final ParameterArena arena = new ParameterArena();
  private final Network network;
  private final Sgd sgd;
  private final Schedule rate;
  private final Loader train;
  private final Loader test;
  private final Feed feed;
  private final Feed testFeed;
  private final Rng rng;
  private final NetworkCost cost;
  private Score trained = Score.NONE;

  /**
   * Ready for the first step.
   *
   * @param architecture what to call it: "found", "random 1", ...
   */
  TrainingPhase(
      Configuration configuration,
      Genotype genotype,
      String architecture,
      Dataset data,
      Backend backend) {
    this.settings = configuration.training();
    this.space = Spaces.of(configuration.space());
    this.genotype = genotype;
    this.architecture = architecture;
    this.backend = backend;
    // One stream for all contenders: they start alike where they are alike, and see the same
    // batches.
    rng = Rng.of(configuration.seed()).split("training");
    SearchSpace.Size size =
        new SearchSpace.Size(
            settings.channels(), settings.cells(), data.channels(), data.classCount());
    network = space.network(arena.root(), genotype, size, settings.auxiliary() > 0);
    arena.allocate(backend, rng.split("weights"));
    sgd = new Sgd(arena, settings.momentum(), settings.weightDecay(), settings.nesterov());
    Normalisation normalisation = Normalisation.of(data.train());
    train =
        Loader.forTraining(
            data.train(), settings.batch(), settings.augment(), normalisation, rng.split("data"));
    test = Loader.forEvaluation(data.test(), TEST_BATCH, normalisation);
    feed = new Feed(backend, data.train(), settings.batch());
    testFeed = new Feed(backend, data.test(), TEST_BATCH);
    rate = Schedule.cosine(settings.learningRate(), settings.learningRateEnd(), settings.epochs());
    cost = NetworkCost.of(space, genotype, size, data.height(), data.width());
  }

  @Override
  public String name() {
    return "training " + architecture;
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
    return settings.batch();
  }

  @Override
  public List<Score> scores() {
    return List.of(trained);
  }

  @Override
  public void step(long step) {
    double epoch = (double) step / steps();
    float dropPath = (float) (settings.dropPath() * Math.floor(epoch) / settings.epochs());
    feed.load(train.batchAt(step));
    arena.zeroGradients();
    try (Tape tape = Tape.training(backend, rng.split("tape").split(step))) {
      Network.Output output = network.forward(tape, feed.images(), dropPath);
      CrossEntropy criterion = new CrossEntropy(settings.smoothing());
      Tensor loss = tape.apply(criterion, output.logits(), feed.labels());
      trained = trained.plus(feed.score(output.logits(), loss));
      if (output.auxiliary() != null) {
        Tensor side = tape.apply(criterion, output.auxiliary(), feed.labels());
        loss = tape.apply(new Add(), loss, tape.apply(new Scale(settings.auxiliary()), side));
      }
      tape.backward(loss);
    }
    Clip.byGlobalNorm(arena, settings.clip());
    sgd.step(rate.at(epoch));
  }

  @Override
  public void endEpoch(int epoch, double seconds, Ledger ledger, Progress progress) {
    Score tested = Score.NONE;
    for (Batch batch : test.epoch(0)) {
      tested = tested.plus(test(testFeed.load(batch)));
    }
    TrainEpoch measured =
        new TrainEpoch(
            architecture,
            epoch,
            epochs(),
            trained.loss(),
            trained.accuracy(),
            tested.loss(),
            tested.accuracy(),
            rate.at(epoch - 1.0 / steps()),
            (double) steps() * images() / seconds,
            seconds);
    ledger.training().add(measured);
    trained = Score.NONE;
    progress.epoch(measured);
  }

  private Score test(Feed batch) {
    try (Tape tape = Tape.inference(backend)) {
      Tensor logits = network.forward(tape, batch.images(), 0).logits();
      return batch.score(logits, tape.apply(new CrossEntropy(0), logits, batch.labels()));
    }
  }

  /** What has been trained, after the last epoch. */
  Contender contender(Ledger ledger) {
    List<TrainEpoch> own =
        ledger.training().stream()
            .filter(epoch -> epoch.architecture().equals(architecture))
            .toList();
    return new Contender(
        architecture,
        genotype,
        space.format(genotype),
        cost.parameters(),
        cost.multiplyAdds(),
        own.getLast().testAccuracy(),
        own.getLast().testLoss(),
        own.stream().mapToDouble(TrainEpoch::seconds).sum());
  }

  @Override
  public Map<String, Buffer> buffers() {
    Map<String, Buffer> buffers = new TreeMap<>();
    buffers.put("weights", arena.values());
    sgd.slots().forEach((name, buffer) -> buffers.put("weights." + name, buffer));
    arena.states().forEach((name, state) -> buffers.put("state." + name, state.buffer()));
    return buffers;
  }

  @Override
  public void restore(long step, List<Score> scores) {
    trained = scores.getFirst();
  }

  @Override
  public void close() {
    train.close();
    test.close();
  }
}
