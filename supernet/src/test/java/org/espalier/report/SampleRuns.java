package org.espalier.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.espalier.space.CellGraph;
import org.espalier.space.CellGraph.Arrow;
import org.espalier.space.Gene;
import org.espalier.space.Genotype;

/** Made-up runs that look like real ones. */
final class SampleRuns {
  static final CellGraph NB201 =
      new CellGraph(
          "cell",
          List.of("0", "1", "2", "3"),
          List.of(
              new Arrow(0, 1, "nor_conv_3x3"),
              new Arrow(0, 2, "skip_connect"),
              new Arrow(1, 2, "nor_conv_1x1"),
              new Arrow(0, 3, "nor_conv_3x3"),
              new Arrow(1, 3, "none"),
              new Arrow(2, 3, "avg_pool_3x3")));

  /** DARTS_V2, as published. */
  static final CellGraph DARTS_NORMAL =
      darts(
          "normal",
          "sep_conv_3x3",
          0,
          "sep_conv_3x3",
          1,
          "sep_conv_3x3",
          0,
          "sep_conv_3x3",
          1,
          "sep_conv_3x3",
          1,
          "skip_connect",
          0,
          "skip_connect",
          0,
          "dil_conv_3x3",
          2);

  static final CellGraph DARTS_REDUCE =
      darts(
          "reduce",
          "max_pool_3x3",
          0,
          "max_pool_3x3",
          1,
          "skip_connect",
          2,
          "max_pool_3x3",
          1,
          "max_pool_3x3",
          0,
          "skip_connect",
          2,
          "skip_connect",
          2,
          "max_pool_3x3",
          1);

  private static final List<String> NB201_OPS =
      List.of("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3");
  private static final List<String> DARTS_OPS =
      List.of(
          "none",
          "max_pool_3x3",
          "avg_pool_3x3",
          "skip_connect",
          "sep_conv_3x3",
          "sep_conv_5x5",
          "dil_conv_3x3",
          "dil_conv_5x5");

  private static final String YAML =
      """
      space: nasbench201
      strategy: drnas
      data: fashion-mnist
      epochs: 12
      batch: 64
      channels: 8
      cells: 1
      seed: 7
      weights:
        optimizer: sgd
        learning-rate: 0.025
        momentum: 0.9
        nesterov: true
        weight-decay: 5.0e-4
      architecture:
        optimizer: adam
        learning-rate: 6.0e-4
        betas: [0.5, 0.999]
      """;

  private SampleRuns() {}

  /** Pairs of operation and source, two for each of the four intermediate nodes. */
  static CellGraph darts(String name, Object... pairs) {
    List<Arrow> arrows = new ArrayList<>();
    for (int i = 0; i < pairs.length; i += 2) {
      arrows.add(new Arrow((Integer) pairs[i + 1], 2 + i / 4, (String) pairs[i]));
    }
    for (int n = 2; n < 6; n++) {
      arrows.add(new Arrow(n, 6, ""));
    }
    return new CellGraph(name, List.of("c_{k-2}", "c_{k-1}", "0", "1", "2", "3", "c_{k}"), arrows);
  }

  static RunRecord nasBench201() {
    return nasBench201(12, 0.8943, 0.8791, 0.8512);
  }

  /** A search of so many epochs; the first accuracy is the found architecture's. */
  static RunRecord nasBench201(int epochs, double... accuracies) {
    List<String> edges = List.of("0 -> 1", "0 -> 2", "1 -> 2", "0 -> 3", "1 -> 3", "2 -> 3");
    int[] winners = {3, 1, 2, 3, 0, 4};
    String text =
        "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|nor_conv_3x3~0|none~1|avg_pool_3x3~2|";
    List<SearchEpoch> search =
        search(epochs, epochs, text, Map.of("cell", winners), NB201_OPS.size());
    List<Contender> contenders = new ArrayList<>();
    List<TrainEpoch> training = new ArrayList<>();
    long[] parameters = {73_818, 41_274, 128_954};
    for (int i = 0; i < accuracies.length; i++) {
      String name = i == 0 ? "found" : "random " + i;
      contenders.add(
          new Contender(
              name,
              genotype(),
              i == 0
                  ? text
                  : text.replace("skip_connect", NB201_OPS.get(i)).replace("avg_pool_3x3", "none"),
              parameters[i % 3],
              158 * parameters[i % 3] + 77,
              accuracies[i],
              0.3127 + 0.05 * i,
              38.4 + 3.7 * i));
      train(name, 8, accuracies[i], i, training);
    }
    return new RunRecord(
        "drnas on nasbench201, fashion-mnist",
        "2026-03-14T15:09:26",
        287.6,
        YAML,
        environment(),
        NB201_OPS,
        Map.of("cell", edges),
        search,
        training,
        contenders,
        List.of(),
        List.of(NB201),
        List.of());
  }

  /** A longer search that collapses, and whose result is behind a random architecture. */
  static RunRecord darts() {
    List<String> edges = new ArrayList<>();
    List<String> nodes = DARTS_NORMAL.nodes();
    for (int to = 2; to < 6; to++) {
      for (int from = 0; from < to; from++) {
        edges.add(nodes.get(from) + " -> " + nodes.get(to));
      }
    }
    int[] normal = {4, 4, 4, 4, 0, 3, 4, 0, 0, 3, 2, 6, 0, 0};
    int[] reduce = {1, 1, 1, 1, 3, 1, 0, 3, 0, 0, 1, 3, 5, 7};
    Map<String, List<String>> cells = new LinkedHashMap<>();
    cells.put("normal", edges);
    cells.put("reduce", edges);
    String text =
        "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0),"
            + " ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0),"
            + " ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0),"
            + " ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0),"
            + " ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2,"
            + " 3, 4, 5])";
    List<TrainEpoch> training = new ArrayList<>();
    train("found", 40, 0.9702, 0, training);
    train("random 1", 40, 0.9731, 1, training);
    train("random 2", 40, 0.9655, 2, training);
    List<Contender> contenders =
        List.of(
            new Contender("found", genotype(), text, 3_349_342, 528_102_400, 0.9602, 0.1421, 5312),
            new Contender(
                "random 1",
                genotype(),
                text.replace("skip_connect", "dil_conv_5x5"),
                3_634_678,
                576_441_344,
                0.9731,
                0.1187,
                5590),
            new Contender(
                "random 2",
                genotype(),
                text.replace("max_pool_3x3", "avg_pool_3x3"),
                2_911_006,
                470_012_160,
                0.9555,
                0.1530,
                4977));
    return new RunRecord(
        "darts-2nd on darts, cifar10",
        "2026-03-14T15:09:26",
        41_862,
        YAML,
        environment(),
        DARTS_OPS,
        cells,
        search(50, 50, text, Map.of("normal", normal, "reduce", reduce), DARTS_OPS.size()),
        training,
        contenders,
        List.of(),
        List.of(DARTS_NORMAL, DARTS_REDUCE),
        List.of(
            "Since epoch 31 skip connections lead on 7 of 14 edges of the normal cell: the search"
                + " may be collapsing."));
  }

  static RunRecord empty() {
    return new RunRecord(
        "drnas on nasbench201, fashion-mnist",
        "2026-03-14T15:09:26",
        0.2,
        "",
        Map.of(),
        NB201_OPS,
        Map.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of());
  }

  private static Genotype genotype() {
    return new Genotype(
        "nasbench201", List.of(new Genotype.Cell("cell", List.of(new Gene(0, 1, "nor_conv_3x3")))));
  }

  private static Map<String, String> environment() {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("seed", "7");
    environment.put("espalier", "0.1.0-SNAPSHOT");
    environment.put("java", "25.0.1 (Eclipse Adoptium)");
    environment.put("operating system", "Linux 6.8 amd64");
    environment.put("processor", "Intel Xeon Platinum, 2 cores");
    environment.put("device", "simd (AVX-512, 2 threads)");
    environment.put(
        "data",
        "fashion-mnist, 28x28x1, 10 classes: 6000 for weights, 6000 for alpha, 2000 for testing");
    environment.put("batch norm", "batch statistics, not affine while searching");
    return environment;
  }

  private static List<SearchEpoch> search(
      int done, int epochs, String genotype, Map<String, int[]> winners, int ops) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(3);
    Map<String, double[][]> drift = new LinkedHashMap<>();
    new TreeMap<>(winners)
        .forEach(
            (cell, best) -> {
              var table = new double[best.length][ops];
              for (int e = 0; e < best.length; e++) {
                for (int k = 0; k < ops; k++) {
                  table[e][k] =
                      k == best[e] ? 1.1 + random.nextDouble() : 1.6 * random.nextDouble() - 0.8;
                }
              }
              drift.put(cell, table);
            });
    List<SearchEpoch> search = new ArrayList<>();
    for (int epoch = 1; epoch <= done; epoch++) {
      double t = (double) epoch / epochs;
      Map<String, float[][]> weights = new LinkedHashMap<>();
      double entropy = 0;
      int rows = 0;
      for (var cell : drift.entrySet()) {
        var table = new float[cell.getValue().length][];
        for (int e = 0; e < table.length; e++) {
          table[e] = softmax(cell.getValue()[e], 1.5 * t * t + 0.4 * t, random);
          for (float w : table[e]) {
            entropy -= w * Math.log(w);
          }
          rows++;
        }
        weights.put(cell.getKey(), table);
      }
      double noise = 0.02 * random.nextGaussian();
      search.add(
          new SearchEpoch(
              epoch,
              epochs,
              0.42 + 1.5 * Math.exp(-4 * t) + noise,
              0.86 - 0.5 * Math.exp(-4 * t) - noise / 2,
              0.47 + 1.4 * Math.exp(-4 * t) + noise * 1.4,
              0.84 - 0.5 * Math.exp(-4 * t) - noise,
              0.025 * (1 - t) + 0.001 * t,
              entropy / rows,
              Math.round(6 * t * 0.4) / 6.0,
              1480 + 40 * random.nextGaussian(),
              12.6,
              weights,
              genotype,
              Map.of()));
    }
    return search;
  }

  private static float[] softmax(double[] drift, double time, RandomGenerator random) {
    var row = new float[drift.length];
    double sum = 0;
    for (int k = 0; k < row.length; k++) {
      row[k] = (float) Math.exp(drift[k] * time + 0.03 * random.nextGaussian());
      sum += row[k];
    }
    for (int k = 0; k < row.length; k++) {
      row[k] /= (float) sum;
    }
    return row;
  }

  private static void train(
      String name, int epochs, double accuracy, int seed, List<TrainEpoch> training) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    for (int epoch = 1; epoch <= epochs; epoch++) {
      double left = Math.exp(-5.0 * epoch / epochs);
      double noise = 0.012 * random.nextGaussian() * (1 - (double) epoch / epochs);
      training.add(
          new TrainEpoch(
              name,
              epoch,
              epochs,
              0.25 + 1.2 * left + 0.03 * seed,
              0.92 - 0.3 * left,
              0.3 + left,
              accuracy - 0.25 * left + noise,
              0.1 * (1 - (double) epoch / epochs),
              5200,
              4.8));
    }
  }
}
