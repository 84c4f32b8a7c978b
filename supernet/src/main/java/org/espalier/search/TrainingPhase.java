package org.espalier.search;

import java.util.List;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.data.Dataset;
import org.espalier.data.Loader;
import org.espalier.data.Normalisation;
import org.espalier.optim.Schedule;
import org.espalier.report.Contender;
import org.espalier.report.TrainEpoch;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.tensor.Rng;

/** Trains one architecture from scratch on all training images, testing it after every epoch. */
final class TrainingPhase implements Phase {
  private final Configuration.Training settings;
  private final SearchSpace space;
  private final Genotype genotype;
  private final String architecture;
  private final Trainee trainee;
  private final Schedule rate;
  private final Loader train;
  private final Loader test;
  private final Feed feed;
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
    // One stream for all contenders: they start alike where they are alike, and see the same
    // batches.
    rng = Rng.of(configuration.seed()).split("training");
    SearchSpace.Size size =
        new SearchSpace.Size(
            settings.channels(), settings.cells(), data.channels(), data.classCount());
    trainee =
        new Trainee(
            space,
            genotype,
            size,
            settings,
            arena -> arena.allocate(backend, rng.split("weights")));
    Normalisation normalisation = Normalisation.of(data.train());
    train =
        Loader.forTraining(
            data.train(), settings.batch(), settings.augment(), normalisation, rng.split("data"));
    // Of the steps' size: then a test finds all its buffers in the pool.
    test = Loader.forEvaluation(data.test(), settings.batch(), normalisation);
    feed = new Feed(backend, data.train(), settings.batch());
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
    feed.load(train, step);
    trained =
        trained.plus(trainee.step(feed, dropPath, rng.split("tape").split(step), rate.at(epoch)));
  }

  @Override
  public void endEpoch(int epoch, double seconds, Ledger ledger, Progress progress) {
    Score tested = Score.NONE;
    for (int batch = 0; batch < test.batchesPerEpoch(); batch++) {
      tested = tested.plus(trainee.test(feed.load(test, batch)));
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
    return trainee.buffers();
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
