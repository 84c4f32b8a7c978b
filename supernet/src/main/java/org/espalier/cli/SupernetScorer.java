package org.espalier.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.espalier.InputException;
import org.espalier.benchmark.TabularBenchmark;
import org.espalier.data.Datasets;
import org.espalier.search.Configuration;
import org.espalier.search.Score;
import org.espalier.search.TrainedSupernet;
import org.espalier.strategy.Protocol;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Accuracy with the weights of a supernet that a search has trained. */
final class SupernetScorer implements SampleScorer {
  private final Path folder;
  private final Configuration configuration;
  private final TrainedSupernet supernet;
  private final Protocol protocol;
  private Score all = Score.NONE;

  private SupernetScorer(
      Path folder, Configuration configuration, TrainedSupernet supernet, Protocol protocol) {
    this.folder = folder;
    this.configuration = configuration;
    this.supernet = supernet;
    this.protocol = protocol;
  }

  /** Which supernet, and by which protocol. */
  static final class Options implements SampleScorer.Options {
    @Option(
        names = "--supernet",
        required = true,
        paramLabel = "DIR",
        description =
            "The folder of a search that has ended: its supernet scores a sample of the table's"
                + " architectures by their accuracy with the shared weights.")
    @SuppressWarnings("NullAway.Init") // by picocli
    private Path folder;

    @Option(
        names = "--batches",
        paramLabel = "N",
        description =
            "Validation batches for each, the same for all; 0: all there are. Default: 16.")
    private int batches = 16;

    @Option(
        names = "--calibration",
        paramLabel = "N",
        description =
            "Training batches that the batch-norm statistics of each are taken from; 0: those of"
                + " each validation batch serve. Default: as the search compares them.")
    private @Nullable Integer calibration;

    @Override
    public String name() {
      return "accuracy with shared weights";
    }

    @Override
    public SampleScorer open(TabularBenchmark table, Place place) {
      Configuration configuration = TrainedSupernet.configuration(folder);
      if (!configuration.space().equals(table.space().id())) {
        throw new InputException(
            "%s searched %s; the table has architectures of %s"
                .formatted(folder, configuration.space(), table.space().id()));
      }
      if (batches < 0 || (calibration != null && calibration < 0)) {
        throw new InputException(
            "--batches %d --calibration %s: no number below zero is wanted"
                .formatted(batches, calibration));
      }
      String images = place.data() == null ? configuration.data() : place.data();
      TrainedSupernet supernet =
          TrainedSupernet.open(
              folder, Datasets.open(images), place.device(), place.threads(), place.limit());
      int own = supernet.protocol().calibration();
      Protocol protocol = new Protocol(calibration == null ? own : calibration, batches, 0);
      return new SupernetScorer(folder, configuration, supernet, protocol);
    }
  }

  private String column() {
    return "accuracy of %s; %d batches; calibration %d"
        .formatted(supernet.identity(), protocol.batches(), protocol.calibration());
  }

  @Override
  public List<String> columns() {
    return List.of(column());
  }

  @Override
  public Path file() {
    return folder.resolve("scores-%d-%d.csv".formatted(protocol.batches(), protocol.calibration()));
  }

  @Override
  public List<String> notes() {
    return List.of(
        "supernet of %s: %s on %s, %s, %d epochs"
            .formatted(
                folder,
                configuration.strategy(),
                configuration.space(),
                configuration.data(),
                configuration.search().epochs()),
        "each architecture on %s, batch-norm statistics %s"
            .formatted(
                protocol.batches() == 0
                    ? "all validation images"
                    : protocol.batches() + " validation batches",
                protocol.calibration() == 0
                    ? "of each batch"
                    : "taken anew for each from " + protocol.calibration() + " training batches"));
  }

  @Override
  public List<String> memory() {
    return supernet.memory();
  }

  /** The accuracy in percent, as tables have it; what is shown is the mean of all so far. */
  @Override
  public Measured measure(String architecture) {
    Score score = supernet.score(supernet.space().parse(architecture), protocol);
    all = all.plus(score);
    return new Measured(
        Map.of(column(), 100 * score.accuracy()), all.loss(), all.accuracy(), score.images());
  }

  @Override
  public double[] scores(List<Map<String, Double>> measured) {
    return measured.stream().mapToDouble(m -> m.getOrDefault(column(), Double.NaN)).toArray();
  }

  @Override
  public void close() {
    supernet.close();
  }
}
