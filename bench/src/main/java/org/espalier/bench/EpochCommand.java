package org.espalier.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.data.Dataset;
import org.espalier.data.Images;
import org.espalier.report.SearchEpoch;
import org.espalier.search.Configuration;
import org.espalier.search.Configurations;
import org.espalier.search.Progress;
import org.espalier.search.SearchRun;
import org.espalier.search.StoppedException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code espalier bench epoch}: what the search of a paper would take. */
@Command(
    name = "epoch",
    header = "Time an epoch of a search, with its loading and its checkpoint.",
    description = {
      "The published search of a space, on noise in the shape and number of CIFAR-10's images. The"
          + " second epoch counts.",
      ""
    })
final class EpochCommand implements Callable<Integer> {
  private static final int CLASSES = 10;

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli looks at it
  private boolean help;

  @Option(names = "--device", description = "Where (default: ${DEFAULT-VALUE}).")
  private String device = "auto";

  @Option(names = "--space", description = "Of which space (default: ${DEFAULT-VALUE}).")
  private String space = "darts";

  @Option(names = "--strategy", description = "By which strategy (default: ${DEFAULT-VALUE}).")
  private String strategy = "darts";

  @Option(
      names = "--images",
      description = "For training and validation (default: ${DEFAULT-VALUE}).")
  private int images = 50_000;

  @Option(names = "--size", description = "Rows and columns of one (default: ${DEFAULT-VALUE}).")
  private int size = 32;

  @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Any setting of the search.")
  private List<String> settings = List.of();

  @Override
  public Integer call() throws IOException {
    List<String> all = new ArrayList<>(List.of("strategy=" + strategy, "device=" + device));
    all.addAll(settings);
    int epochs = Configurations.of(space, Configurations.Preset.PAPER, all).search().epochs();
    all.add("search.epochs=2");
    Configuration configuration = Configurations.of(space, Configurations.Preset.PAPER, all);
    Dataset noise = new Dataset("noise", noise(images, 1), noise(Math.max(1, images / 5), 2));
    Path folder = Files.createTempDirectory("espalier-bench");
    try {
      SearchEpoch second = second(SearchRun.start(configuration, noise, folder.resolve("run")));
      int batch = configuration.search().batch();
      Console.of(spec)
          .print(
              "%s on %s, batch %d, %d images %dx%dx3: an epoch takes %.2f s, %.0f images/s; %d of"
                  + " them %.1f minutes",
              strategy,
              space,
              batch,
              images,
              size,
              size,
              second.seconds(),
              second.imagesPerSecond(),
              epochs,
              epochs * second.seconds() / 60);
    } finally {
      delete(folder);
    }
    return 0;
  }

  private static SearchEpoch second(SearchRun run) {
    List<SearchEpoch> seen = new ArrayList<>();
    Progress progress =
        new Progress() {
          @Override
          public void epoch(SearchEpoch epoch) {
            seen.add(epoch);
          }
        };
    try {
      run.execute(progress, () -> seen.size() == 2);
    } catch (StoppedException e) {
      // as was wanted
    }
    return seen.getLast();
  }

  private Images noise(int count, int seed) {
    Random random = new Random(seed);
    byte[][] pixels = new byte[count][3 * size * size];
    for (byte[] image : pixels) {
      random.nextBytes(image);
    }
    int[] labels = IntStream.range(0, count).map(i -> i % CLASSES).toArray();
    List<String> classes = IntStream.range(0, CLASSES).mapToObj(String::valueOf).toList();
    return new Images("noise", size, size, 3, classes, pixels, labels);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
