package org.espalier.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.benchmark.RankStatistics;
import org.espalier.benchmark.ScoreLog;
import org.espalier.data.Datasets;
import org.espalier.proxy.Proxies;
import org.espalier.proxy.Proxy;
import org.espalier.proxy.ZeroCost;
import org.espalier.search.Devices;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code espalier bench proxies}: our zero-cost proxies beside published values. */
@Command(
    name = "proxies",
    header = "Hold zero-cost proxies to published values and to accuracy.",
    description = {
      "Measures the NAS-Bench-201 architectures of a table of published values, in an order drawn"
          + " once, so that those measured so far are a random sample. What is measured is added to"
          + " a file at once: the same command goes on where it was stopped.",
      ""
    })
final class ProxiesCommand implements Callable<Integer> {
  /** As the published values are made. */
  private static final SearchSpace.Size SIZE = new SearchSpace.Size(16, 5, 3, 10);

  private static final String SECONDS = "seconds";

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Option(
      names = "--table",
      required = true,
      paramLabel = "FILE.csv.gz",
      description = "Published values: the columns arch, val_accuracy and those of proxies.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private Path table;

  @Option(
      names = "--accuracies",
      paramLabel = "FILE.csv.gz",
      description = "More columns of the same architectures: c10_test200, zen_c10.")
  private @Nullable Path accuracies;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "SPEC",
      description = "CIFAR-10, as cifar10:FILE.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private String data;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE.csv",
      description = "What has been measured; is gone on with where it exists.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private Path out;

  @Option(names = "--proxies", paramLabel = "all|NAME,...", description = "Which (default: all).")
  private String proxies = "all";

  @Option(names = "--architectures", paramLabel = "N", description = "How many (default: all).")
  private int architectures = Integer.MAX_VALUE;

  @Option(names = "--batch", paramLabel = "N", description = "Images (default: 32).")
  private int batch = 32;

  @Option(names = "--seed", paramLabel = "N", description = "Of weights and images (default: 0).")
  private long seed;

  @Option(names = "--seconds", paramLabel = "N", description = "Stop after so many seconds.")
  private int seconds = Integer.MAX_VALUE;

  @Option(names = "--threads", paramLabel = "N", description = "0 (default): all cores.")
  private int threads;

  @Override
  public Integer call() throws IOException {
    List<Proxy> asked = Proxies.parse(proxies);
    List<Map<String, String>> rows = rows();
    List<String> columns =
        Stream.concat(Stream.of(SECONDS), asked.stream().flatMap(proxy -> proxy.parts().stream()))
            .toList();
    ScoreLog measured = ScoreLog.open(out, columns);
    measure(rows, asked, measured);
    report(rows, asked, measured);
    return 0;
  }

  /** In the order to measure in. */
  private List<Map<String, String>> rows() throws IOException {
    List<Map<String, String>> all = Csv.read(table, "arch", "val_accuracy");
    if (accuracies != null) {
      Map<String, Map<String, String>> more =
          Csv.read(accuracies, "arch").stream()
              .collect(Collectors.toMap(row -> Csv.get(row, "arch"), row -> row));
      all.forEach(
          row -> more.getOrDefault(Csv.get(row, "arch"), Map.of()).forEach(row::putIfAbsent));
    }
    List<Map<String, String>> order = new ArrayList<>();
    for (int i : Rng.of(0).permutation(all.size())) {
      order.add(all.get(i));
    }
    return order.subList(0, Math.min(architectures, order.size()));
  }

  private void measure(List<Map<String, String>> rows, List<Proxy> asked, ScoreLog measured) {
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    SearchSpace space = Spaces.of("nasbench201");
    try (Backend backend = Devices.open("auto", threads)) {
      ZeroCost zeroCost = new ZeroCost(space, SIZE, Datasets.open(data), batch, backend);
      for (Map<String, String> row : rows) {
        String text = Csv.get(row, "arch");
        if (measured.has(text)) {
          continue;
        }
        if (System.nanoTime() > end) {
          break;
        }
        long start = System.nanoTime();
        Map<String, Double> values =
            new HashMap<>(zeroCost.measure(space.parse(text), asked, seed));
        values.put(SECONDS, (System.nanoTime() - start) / 1e9);
        measured.add(text, values);
      }
    }
  }

  private void report(List<Map<String, String>> rows, List<Proxy> asked, ScoreLog measured) {
    List<Map<String, String>> done =
        rows.stream().filter(row -> measured.has(Csv.get(row, "arch"))).toList();
    List<Map<String, Double>> parts =
        done.stream().map(row -> measured.of(Csv.get(row, "arch"))).toList();
    print("%d of %d architectures, batch %d, seed %d", done.size(), rows.size(), batch, seed);
    print(
        "seconds an architecture: %.2f",
        parts.stream().mapToDouble(m -> m.getOrDefault(SECONDS, Double.NaN)).average().orElse(0));
    print("");
    print("Spearman (Kendall) with accuracy%42s", "and Spearman with");
    print(
        "%-12s %-15s %-15s %-15s %-15s %s",
        "", "ours, valid", "published", "ours, test", "published", "published values");
    double[] valid = column(done, "val_accuracy", 1);
    double[] test = column(done, "c10_test200", 1);
    for (Proxy proxy : asked) {
      double[] ours = ZeroCost.scores(proxy, parts);
      String name = proxy.name().equals("zen") ? "zen_c10" : proxy.name();
      double[] published = column(done, name, proxy.name().equals("plain") ? -1 : 1);
      print(
          "%-12s %-15s %-15s %-15s %-15s %s",
          proxy.name(),
          both(ours, valid),
          both(published, valid),
          both(ours, test),
          both(published, test),
          one(ours, published));
    }
  }

  private static double[] column(List<Map<String, String>> rows, String name, int sign) {
    ToDoubleFunction<Map<String, String>> value =
        row -> row.containsKey(name) ? sign * Csv.number(Csv.get(row, name)) : Double.NaN;
    return rows.stream().mapToDouble(value).toArray();
  }

  private static String both(double[] scores, double[] truth) {
    if (absent(scores) || absent(truth)) {
      return "-";
    }
    return String.format(
        Locale.ROOT,
        "%.3f (%.3f)",
        RankStatistics.spearman(lowest(scores), truth),
        RankStatistics.kendall(lowest(scores), truth));
  }

  private static String one(double[] ours, double[] published) {
    return absent(published)
        ? "-"
        : String.format(
            Locale.ROOT, "%.3f", RankStatistics.spearman(lowest(ours), lowest(published)));
  }

  private static boolean absent(double[] values) {
    return Arrays.stream(values).allMatch(Double::isNaN);
  }

  /** What is undefined ranks below all. */
  private static double[] lowest(double[] values) {
    return Arrays.stream(values)
        .map(value -> Double.isNaN(value) ? Double.NEGATIVE_INFINITY : value)
        .toArray();
  }

  private void print(String format, Object... values) {
    PrintWriter to = spec.commandLine().getOut();
    to.println(String.format(Locale.ROOT, format, values).stripTrailing());
    to.flush();
  }
}
