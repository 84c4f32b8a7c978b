package org.espalier.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A line chart as report.js draws it: values over epochs. What is not finite becomes {@code null},
 * a gap.
 *
 * @param id the figure of the page that it fills
 * @param group charts of one group share the cursor and the highlighted series
 * @param format "number" or "percent"
 * @param small whether it is one of many
 * @param domain the vertical range; ends that are {@code null} come from the data
 * @param x epochs
 * @param reference a horizontal line to compare with
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Chart(
    String id,
    String group,
    String format,
    boolean small,
    List<@Nullable Double> domain,
    List<Integer> x,
    List<Series> series,
    @Nullable Reference reference) {

  /** One line; the colour is the name of a CSS variable. */
  record Series(String name, String color, List<@Nullable Double> values) {}

  record Reference(double value, String label) {}

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CONTENDER_COLOURS = 5;

  /** A small chart is not wider than this many distinguishable epochs. */
  private static final int SMALL_POINTS = 60;

  static List<Chart> of(RunRecord run) {
    List<Chart> charts = new ArrayList<>();
    if (!run.search().isEmpty()) {
      search(run, charts);
      run.edges().forEach((cell, edges) -> weights(run, cell, edges, charts));
    }
    if (!run.training().isEmpty()) {
      training(run, charts);
    }
    return charts;
  }

  /** As text for a script element: no character that could end the element. */
  static String json(List<?> charts) {
    try {
      return JSON.writeValueAsString(charts)
          .replace("&", "\\u0026")
          .replace("<", "\\u003c")
          .replace(">", "\\u003e");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The figure of an edge's weights: the cell's place among the run's cells, and the edge's. */
  static String edgeId(RunRecord run, String cell, int edge) {
    return "alpha-" + List.copyOf(run.edges().keySet()).indexOf(cell) + "-" + edge;
  }

  private static void search(RunRecord run, List<Chart> charts) {
    List<Integer> x = run.search().stream().map(SearchEpoch::epoch).toList();
    charts.add(
        line(
            "loss",
            "number",
            range(null, null),
            x,
            List.of(
                series("training half", "s0", run, SearchEpoch::trainLoss),
                series("validation half", "s1", run, SearchEpoch::validLoss)),
            null));
    charts.add(
        line(
            "accuracy",
            "percent",
            range(null, null),
            x,
            List.of(
                series("training half", "s0", run, SearchEpoch::trainAccuracy),
                series("validation half", "s1", run, SearchEpoch::validAccuracy)),
            null));
    double uniform = Math.log(Math.max(1, run.candidates().size()));
    charts.add(
        line(
            "entropy",
            "number",
            range(0.0, uniform > 0 ? uniform * 1.08 : null),
            x,
            List.of(series("mean entropy", "s2", run, SearchEpoch::alphaEntropy)),
            uniform > 0 ? new Reference(uniform, "undecided") : null));
    charts.add(
        line(
            "skip",
            "percent",
            range(0.0, 1.0),
            x,
            List.of(series("share of edges", "c1", run, SearchEpoch::skipShare)),
            null));
  }

  private static Chart line(
      String id,
      String format,
      List<@Nullable Double> domain,
      List<Integer> x,
      List<Series> series,
      @Nullable Reference reference) {
    return new Chart(id, "search", format, false, domain, x, series, reference);
  }

  private static Series series(
      String name, String color, RunRecord run, ToDoubleFunction<SearchEpoch> value) {
    return new Series(name, color, values(run.search(), value));
  }

  private static <T> List<@Nullable Double> values(List<T> epochs, ToDoubleFunction<T> value) {
    List<@Nullable Double> values = new ArrayList<>();
    epochs.forEach(epoch -> values.add(finite(value.applyAsDouble(epoch))));
    return values;
  }

  private static List<@Nullable Double> range(@Nullable Double low, @Nullable Double high) {
    List<@Nullable Double> range = new ArrayList<>();
    range.add(low);
    range.add(high);
    return range;
  }

  /** Four decimals are more than a pixel shows. */
  private static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? (Double) (Math.rint(value * 1e4) / 1e4) : null;
  }

  private static void weights(RunRecord run, String cell, List<String> edges, List<Chart> charts) {
    List<SearchEpoch> all =
        run.search().stream().filter(e -> e.weights().containsKey(cell)).toList();
    int stride = 1 + all.size() / (SMALL_POINTS + 1);
    List<SearchEpoch> epochs =
        IntStream.range(0, all.size())
            .filter(i -> (all.size() - 1 - i) % stride == 0)
            .mapToObj(all::get)
            .toList();
    if (epochs.isEmpty()) {
      return;
    }
    List<Integer> x = epochs.stream().map(SearchEpoch::epoch).toList();
    double top =
        epochs.stream()
            .flatMap(epoch -> Stream.of(table(epoch, cell)))
            .flatMapToDouble(row -> IntStream.range(0, row.length).mapToDouble(k -> row[k]))
            .filter(Double::isFinite)
            .max()
            .orElse(1);
    double high = top > 0.8 ? Math.max(1, top) : Math.ceil(top * 10 + 0.2) / 10;
    for (int edge = 0; edge < edges.size(); edge++) {
      List<Series> series = new ArrayList<>();
      for (int k = 0; k < run.candidates().size(); k++) {
        int row = edge;
        int column = k;
        String op = run.candidates().get(k);
        series.add(
            new Series(op, Palette.name(op), values(epochs, e -> weight(e, cell, row, column))));
      }
      charts.add(
          new Chart(
              edgeId(run, cell, edge), "alpha", "number", true, range(0.0, high), x, series, null));
    }
  }

  /** NaN where the table has no such place. */
  static double weight(SearchEpoch epoch, String cell, int edge, int candidate) {
    float[][] table = table(epoch, cell);
    return edge < table.length && candidate < table[edge].length
        ? table[edge][candidate]
        : Double.NaN;
  }

  private static float[][] table(SearchEpoch epoch, String cell) {
    return epoch.weights().getOrDefault(cell, new float[0][]);
  }

  private static void training(RunRecord run, List<Chart> charts) {
    Map<String, List<TrainEpoch>> byName =
        run.training().stream()
            .collect(
                Collectors.groupingBy(
                    TrainEpoch::architecture, LinkedHashMap::new, Collectors.toList()));
    var epochs =
        run.training().stream()
            .map(TrainEpoch::epoch)
            .collect(Collectors.toCollection(TreeSet::new));
    List<Integer> x = List.copyOf(epochs);
    charts.add(training(run, "test-accuracy", "percent", x, byName, TrainEpoch::testAccuracy));
    charts.add(training(run, "train-loss", "number", x, byName, TrainEpoch::trainLoss));
  }

  private static Chart training(
      RunRecord run,
      String id,
      String format,
      List<Integer> x,
      Map<String, List<TrainEpoch>> byName,
      ToDoubleFunction<TrainEpoch> value) {
    List<Series> series = new ArrayList<>();
    byName.forEach(
        (name, epochs) -> {
          Map<Integer, TrainEpoch> byEpoch =
              epochs.stream().collect(Collectors.toMap(TrainEpoch::epoch, e -> e, (a, b) -> b));
          List<@Nullable Double> values = new ArrayList<>();
          for (int epoch : x) {
            TrainEpoch e = byEpoch.get(epoch);
            values.add(e == null ? null : finite(value.applyAsDouble(e)));
          }
          series.add(new Series(name, contenderColor(run, name), values));
        });
    return new Chart(id, "training", format, false, range(null, null), x, series, null);
  }

  /** The first contender stands out, the rest share the remaining colours. */
  static String contenderColor(RunRecord run, String name) {
    List<String> names =
        Stream.concat(
                run.contenders().stream().map(Contender::name),
                run.training().stream().map(TrainEpoch::architecture))
            .distinct()
            .toList();
    int index = names.indexOf(name);
    return "t" + (index <= 0 ? 0 : 1 + (index - 1) % (CONTENDER_COLOURS - 1));
  }
}
