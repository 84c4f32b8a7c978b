package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.benchmark.TabularBenchmark;
import org.espalier.data.Dataset;
import org.espalier.data.Datasets;
import org.espalier.proxy.Proxies;
import org.espalier.proxy.Proxy;
import org.espalier.proxy.ZeroCost;
import org.espalier.search.Devices;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import picocli.CommandLine.Option;

/** A zero-cost proxy, of networks of the size that is published for the space. */
final class ProxyScorer implements SampleScorer {
  /** Of weights and images, as of {@code espalier score}. */
  private static final long SEED = 0;

  private final Proxy proxy;
  private final SearchSpace space;
  private final ZeroCost zeroCost;
  private final int batch;
  private final Backend backend;
  private final Path file;
  private final String conditions;

  private ProxyScorer(
      Proxy proxy, SearchSpace space, Dataset data, int batch, Backend backend, Path file) {
    SearchSpace.Size size = new NetworkOptions().size(space);
    this.proxy = proxy;
    this.space = space;
    this.batch = batch;
    this.backend = backend;
    this.file = file;
    zeroCost = new ZeroCost(space, size, data, batch, backend);
    conditions =
        "%s C=%d N=%d on %d images of %s; seed %d; by %s"
            .formatted(
                space.name(),
                size.channels(),
                size.cells(),
                batch,
                data.name().replace(',', ';'),
                SEED,
                backend.name());
  }

  /** Which proxy. */
  static final class Options implements SampleScorer.Options {
    @Option(
        names = "--proxy",
        required = true,
        paramLabel = "NAME",
        description =
            "A zero-cost proxy that scores a sample of the table's architectures; see 'espalier"
                + " list proxies'.")
    private String proxy = "";

    @Option(
        names = "--batch",
        paramLabel = "N",
        description = "Images that it looks at at once. Default: 64.")
    private int batch = ScoreCommand.BATCH;

    @Override
    public String name() {
      return proxy;
    }

    @Override
    public SampleScorer open(TabularBenchmark table, Place place) {
      Proxy wanted = Proxies.of(proxy);
      SearchSpace space = Spaces.of(table.space().id());
      Dataset data = Datasets.open(place.data() == null ? ScoreCommand.DATA : place.data());
      Path file = place.table().resolveSibling(place.table().getFileName() + "-" + proxy + ".csv");
      Backend backend = Devices.open(place.device(), place.threads());
      try {
        return new ProxyScorer(wanted, space, data, batch, backend, file);
      } catch (RuntimeException | Error e) {
        backend.close();
        throw e;
      }
    }
  }

  private String column(String part) {
    return part + " of " + conditions;
  }

  @Override
  public List<String> columns() {
    return proxy.parts().stream().map(this::column).toList();
  }

  @Override
  public Path file() {
    return file;
  }

  @Override
  public List<String> notes() {
    return List.of(proxy.name() + ": " + proxy.description(), conditions);
  }

  @Override
  public List<String> memory() {
    return List.of();
  }

  @Override
  public Measured measure(String architecture) {
    Map<String, Double> values = new LinkedHashMap<>();
    zeroCost
        .measure(space.parse(architecture), List.of(proxy), SEED)
        .forEach((part, value) -> values.put(column(part), value));
    return new Measured(values, Double.NaN, Double.NaN, batch);
  }

  @Override
  public double[] scores(List<Map<String, Double>> measured) {
    return ZeroCost.scores(proxy, measured.stream().map(this::parts).toList());
  }

  private Map<String, Double> parts(Map<String, Double> values) {
    Map<String, Double> parts = new LinkedHashMap<>();
    for (String part : proxy.parts()) {
      parts.put(part, values.getOrDefault(column(part), Double.NaN));
    }
    return parts;
  }

  @Override
  public void close() {
    backend.close();
  }
}
