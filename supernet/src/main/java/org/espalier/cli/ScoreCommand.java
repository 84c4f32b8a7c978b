package org.espalier.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.espalier.InputException;
import org.espalier.backend.Backend;
import org.espalier.data.Dataset;
import org.espalier.data.Datasets;
import org.espalier.proxy.Proxies;
import org.espalier.proxy.Proxy;
import org.espalier.proxy.Score;
import org.espalier.proxy.Scored;
import org.espalier.proxy.ZeroCost;
import org.espalier.search.Devices;
import org.espalier.search.Genotypes;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code espalier score}. */
@Command(
    name = "score",
    sortOptions = false,
    sortSynopsis = false,
    description = {
      "Score architectures by zero-cost proxies, without training them: larger is better.",
      "Sizes are those published for the search, and the seed is 0, unless given.",
      "Proxies that compare architectures (az_nas, te_nas) wait for the last one.",
      ""
    })
final class ScoreCommand implements Runnable {
  /** Unless other images are named. */
  static final String DATA = "fashion-mnist";

  /** Unless more or fewer images are wanted. */
  static final int BATCH = 64;

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Parameters(
      paramLabel = "ARCH",
      arity = "1..*",
      description =
          "NAS-Bench-201 strings, DARTS genotypes or names of published ones, or paths of"
              + " genotype.json; all of one space.")
  private List<String> architectures = new ArrayList<>();

  @Option(
      names = "--proxies",
      paramLabel = "all|NAME,...",
      order = 10,
      description = "Which ones (default: all); see 'espalier list proxies'.")
  private String proxies = "all";

  @Option(
      names = "--data",
      paramLabel = "SPEC",
      order = 11,
      description = "Images to look at; see 'espalier list data'. Default: fashion-mnist.")
  private String data = DATA;

  @Option(
      names = "--batch",
      paramLabel = "N",
      order = 12,
      description = "Images to look at at once (default: 64).")
  private int batch = BATCH;

  @Option(
      names = "--repeat",
      paramLabel = "N",
      order = 13,
      description = "Measure N times with other weights and images; shows mean and deviation.")
  private int repeat = 1;

  @Mixin private final NetworkOptions networks = new NetworkOptions();

  @Override
  public void run() {
    List<Proxy> asked = withBaseline(Proxies.parse(proxies));
    List<Genotype> genotypes = architectures.stream().map(Genotypes::read).toList();
    SearchSpace space = Spaces.of(genotypes.getFirst().space());
    if (genotypes.stream().anyMatch(genotype -> !genotype.space().equals(space.name()))) {
      throw new InputException("architectures of different spaces cannot be compared");
    }
    NetworkOptions.requirePositive("--repeat", repeat);
    long seed = networks.seed == null ? 0 : networks.seed;
    String device = networks.device == null ? "auto" : networks.device;
    int threads = networks.threads == null ? 0 : networks.threads;
    SearchSpace.Size size = networks.size(space);
    Dataset dataset = Datasets.open(data);
    try (Backend backend = Devices.open(device, threads)) {
      ZeroCost zeroCost = new ZeroCost(space, size, dataset, batch, backend);
      String gap = "";
      for (List<Genotype> together : groups(genotypes, asked)) {
        for (Scored scored : zeroCost.score(together, asked, seed, repeat)) {
          print(gap + space.format(scored.genotype()), scored);
          gap = System.lineSeparator();
        }
      }
    }
  }

  /** What must be measured before any of it can be shown. */
  private static List<List<Genotype>> groups(List<Genotype> genotypes, List<Proxy> asked) {
    return asked.stream().anyMatch(Proxy::compares)
        ? List.of(genotypes)
        : genotypes.stream().map(List::of).toList();
  }

  private static List<Proxy> withBaseline(List<Proxy> asked) {
    List<Proxy> all = new ArrayList<>(List.of(Proxies.BASELINE));
    asked.stream().filter(proxy -> proxy != Proxies.BASELINE).forEach(all::add);
    return all;
  }

  private void print(String title, Scored scored) {
    Table table = new Table(repeat > 1 ? "lrlrl" : "lrl");
    for (Score score : scored.scores()) {
      row(table, score.proxy().name(), score.value(), score.deviation(), score.proxy());
      if (score.parts().size() > 1) {
        score.parts().forEach((part, value) -> row(table, "  " + part, value, Double.NaN, null));
      }
    }
    PrintWriter out = spec.commandLine().getOut();
    out.println(title);
    out.print(table);
    out.flush();
  }

  private void row(
      Table table, String name, double value, double deviation, @Nullable Proxy proxy) {
    String description = proxy == null ? "" : proxy.description();
    if (repeat > 1) {
      boolean known = !Double.isNaN(deviation);
      table.row(
          name, number(value), known ? "+-" : "", known ? number(deviation) : "", description);
    } else {
      table.row(name, number(value), description);
    }
  }

  private static String number(double value) {
    if (Double.isNaN(value)) {
      return "undefined";
    }
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, "%.6g", value);
  }
}
