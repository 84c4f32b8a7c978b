package org.espalier.search;

import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.espalier.InputException;
import org.espalier.backend.Backend;
import org.espalier.data.Dataset;
import org.espalier.data.Datasets;
import org.espalier.report.Contender;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;

/** Trains one architecture from scratch. */
public final class TrainRun {
  private static final String NAME = "given";

  /** The phase that tells a training's checkpoint from a search's. */
  static final String PHASE = "training " + NAME;

  private TrainRun() {}

  /**
   * Trains it, or continues to.
   *
   * @param folder for {@code config.yaml}, {@code metrics.jsonl}, {@code genotype.json} and {@code
   *     checkpoint}
   * @param resume whether the folder holds a checkpoint of the same configuration and architecture
   *     to go on from
   * @param limit of what it may need of memory
   * @throws StoppedException when {@code stop} has said so and the checkpoint is written
   */
  public static Contender train(
      Configuration configuration,
      Genotype genotype,
      Path folder,
      boolean resume,
      MemoryLimit limit,
      Progress progress,
      BooleanSupplier stop) {
    Dataset data = Datasets.open(configuration.data());
    DataCheck.training(configuration, data);
    MemoryPlan plan = MemoryPlan.ofTraining(configuration, genotype, data);
    MemoryLimit available = limit.on(configuration.device());
    plan.require(available);
    SearchSpace space = Spaces.of(configuration.space());
    try (Backend backend = Devices.open(configuration.device(), configuration.threads())) {
      plan.lines(available).forEach(progress::note);
      backend.reserve(plan.most());
      RunFolder files =
          resume ? RunFolder.existing(folder) : RunFolder.create(folder, configuration);
      RunFolder.Saved saved = resume ? files.load(configuration) : null;
      if (saved != null && !saved.position().phase().equals(PHASE)) {
        throw new InputException(
            folder + " holds a search; continue it with espalier search --resume");
      }
      files.write("genotype.json", Genotypes.json(space, genotype));
      Runner runner = new Runner(configuration, files, saved, backend, progress, stop);
      try (TrainingPhase training =
          new TrainingPhase(configuration, genotype, NAME, data, backend)) {
        runner.run(training);
        return training.contender(runner.ledger());
      }
    }
  }
}
