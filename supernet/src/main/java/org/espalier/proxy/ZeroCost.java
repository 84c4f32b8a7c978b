package org.espalier.proxy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.InputException;
import org.espalier.backend.Backend;
import org.espalier.data.Augment;
import org.espalier.data.Batch;
import org.espalier.data.Dataset;
import org.espalier.data.Loader;
import org.espalier.data.Normalisation;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;

/**
 * Scores architectures of a space without training them:
 *
 * <pre>{@code
 * var zeroCost = new ZeroCost(space, new SearchSpace.Size(16, 5, 3, 10), data, 64, backend);
 * for (Scored scored : zeroCost.score(architectures, Proxies.all(), 0, 1)) { ... }
 * }</pre>
 *
 * Not for use by several threads; the back end brings its own.
 */
public final class ZeroCost {
  /** The second is for proxies that compare two. */
  private static final int BATCHES = 2;

  private final SearchSpace space;
  private final SearchSpace.Size size;
  private final Dataset data;
  private final int batch;
  private final Backend backend;
  private final Map<Long, List<LabelledBatch>> batches = new LinkedHashMap<>();

  /**
   * Ready to score.
   *
   * @param size of the networks; input channels and classes are those of the data
   * @param data whose training images are looked at, normalised and not augmented
   * @param batch images to look at
   * @throws InputException if data and space, or data and batch, do not go together
   */
  public ZeroCost(
      SearchSpace space, SearchSpace.Size size, Dataset data, int batch, Backend backend) {
    if (batch < 2 || batch > data.train().size()) {
      throw new InputException(
          "a batch of %d images cannot be: at least 2, and at most the %d of %s, are wanted"
              .formatted(batch, data.train().size(), data.name()));
    }
    int step = space.granularity();
    if (data.height() % step != 0 || data.width() % step != 0) {
      throw new InputException(
          "images of %s are %dx%d; %s wants extents that are multiples of %d"
              .formatted(data.name(), data.height(), data.width(), space.name(), step));
    }
    this.space = space;
    this.size =
        new SearchSpace.Size(size.channels(), size.cells(), data.channels(), data.classCount());
    this.data = data;
    this.batch = batch;
    this.backend = backend;
  }

  /**
   * Measures one architecture.
   *
   * @param seed fixes weights, batches and what proxies draw
   * @return by {@link Proxy#parts}; NaN where something is undefined
   */
  public Map<String, Double> measure(Genotype genotype, List<Proxy> proxies, long seed) {
    Rng rng = Rng.of(seed);
    return measure(
        new Subject(space, genotype, size, backend, batches.computeIfAbsent(seed, this::load), rng),
        proxies);
  }

  static Map<String, Double> measure(Subject subject, List<Proxy> proxies) {
    Passes passes = new Passes(subject);
    List<Reading> readings = proxies.stream().map(proxy -> proxy.book(passes)).toList();
    passes.run();
    Map<String, Double> parts = new LinkedHashMap<>();
    for (int i = 0; i < proxies.size(); i++) {
      double[] values = readings.get(i).parts();
      List<String> names = proxies.get(i).parts();
      for (int part = 0; part < values.length; part++) {
        parts.put(names.get(part), Double.isFinite(values[part]) ? values[part] : Double.NaN);
      }
    }
    return parts;
  }

  /**
   * The scores of architectures that have been measured, larger is better.
   *
   * @param measured for each what {@link #measure} gave
   */
  public static double[] scores(Proxy proxy, List<Map<String, Double>> measured) {
    double[][] parts =
        proxy.parts().stream()
            .map(
                part ->
                    measured.stream().mapToDouble(m -> m.getOrDefault(part, Double.NaN)).toArray())
            .toArray(double[][]::new);
    return proxy.scores(parts);
  }

  /**
   * Measures architectures and compares them with each other.
   *
   * @param seed of the first repetition; the others have the seeds that follow
   * @param repeats how often, each time with other weights and batches
   */
  public List<Scored> score(
      List<Genotype> architectures, List<Proxy> proxies, long seed, int repeats) {
    List<List<Map<String, Double>>> measured = new ArrayList<>();
    for (int repeat = 0; repeat < repeats; repeat++) {
      List<Map<String, Double>> once = new ArrayList<>();
      for (Genotype architecture : architectures) {
        once.add(measure(architecture, proxies, seed + repeat));
      }
      measured.add(once);
    }
    List<Scored> scored = new ArrayList<>();
    for (int i = 0; i < architectures.size(); i++) {
      List<Score> scores = new ArrayList<>();
      for (Proxy proxy : proxies) {
        scores.add(score(proxy, measured, i));
      }
      scored.add(new Scored(architectures.get(i), scores));
    }
    return scored;
  }

  private static Score score(
      Proxy proxy, List<List<Map<String, Double>>> measured, int architecture) {
    double[] values =
        measured.stream().mapToDouble(once -> scores(proxy, once)[architecture]).toArray();
    Map<String, Double> parts = new LinkedHashMap<>();
    for (String part : proxy.parts()) {
      parts.put(
          part,
          mean(
              measured.stream()
                  .mapToDouble(once -> once.get(architecture).getOrDefault(part, Double.NaN))
                  .toArray()));
    }
    return new Score(proxy, mean(values), deviation(values), parts);
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).sum() / values.length;
  }

  private static double deviation(double[] values) {
    double mean = mean(values);
    double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
    return values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1));
  }

  private List<LabelledBatch> load(long seed) {
    Shape shape = Shape.of(batch, data.height(), data.width(), data.channels());
    List<LabelledBatch> loaded = new ArrayList<>();
    try (Loader loader =
        Loader.forTraining(
            data.train(),
            batch,
            Augment.none(),
            Normalisation.of(data.train()),
            Rng.of(seed).split("data"))) {
      for (int i = 0; i < BATCHES; i++) {
        Batch next = loader.batchAt(i);
        loaded.add(LabelledBatch.of(backend, shape, next.pixels(), next.labels()));
      }
    }
    return loaded;
  }
}
