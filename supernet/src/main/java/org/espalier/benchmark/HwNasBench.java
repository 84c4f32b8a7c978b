package org.espalier.benchmark;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.InputException;
import org.jspecify.annotations.Nullable;

/**
 * {@code HW-NAS-Bench-v1_0.pickle} as its authors publish it (Li et al. 2021): for NAS-Bench-201,
 * by data set, {@code config} with the architectures, and for each device its {@code _latency} in
 * milliseconds and {@code _energy} in millijoules, one for each architecture. Columns are those of
 * CIFAR-10 ({@code latency/raspi4}); of other data sets their name follows ({@code
 * latency/raspi4-cifar100}). What is not above zero was not measured. FBNet's part is left out.
 */
final class HwNasBench implements TableSource {
  static final String SUFFIX = ".pickle";

  /** The official file has some tens of megabytes. */
  private static final int LIMIT = 512 << 20;

  private final Path file;
  private final int[] codes;
  private final Map<String, double[]> columns;

  private HwNasBench(Path file, int[] codes, Map<String, double[]> columns) {
    this.file = file;
    this.codes = codes;
    this.columns = columns;
  }

  static HwNasBench open(Path file) {
    if (!(read(file) instanceof Map<?, ?> all)
        || !(all.get("nasbench201") instanceof Map<?, ?> of)) {
      throw new InputException(
          file + " holds no 'nasbench201'; HW-NAS-Bench-v1_0.pickle is wanted");
    }
    int[] codes = {};
    Map<String, double[]> columns = new LinkedHashMap<>();
    for (Map.Entry<?, ?> each : of.entrySet()) {
      String dataset = String.valueOf(each.getKey());
      String where = file + ": nasbench201, " + TableSpace.oneLine(dataset);
      if (!(each.getValue() instanceof Map<?, ?> metrics)) {
        throw new InputException(where + " holds no metrics");
      }
      int[] own = codes(where, metrics.get("config"));
      if (codes.length > 0 && !Arrays.equals(codes, own)) {
        throw new InputException(where + " has other architectures than the data set before it");
      }
      codes = own;
      columns(where, dataset, metrics, codes.length, columns);
    }
    if (codes.length == 0 || columns.isEmpty()) {
      throw new InputException(file + ": nasbench201 holds no architectures, or no latencies");
    }
    return new HwNasBench(file, codes, columns);
  }

  private static Object read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] pickle = in.readNBytes(LIMIT);
      if (pickle.length == LIMIT) {
        throw new InputException(
            "%s has more than %d MB; HW-NAS-Bench has less".formatted(file, LIMIT >> 20));
      }
      return SafePickle.read(pickle);
    } catch (SafePickle.ForeignException e) {
      throw new InputException(file + " " + e.getMessage() + "; nothing of it was run", e);
    } catch (IOException e) {
      throw new InputException(
          "%s is damaged, cut off, or no pickle: %s".formatted(file, InputException.reason(e)), e);
    }
  }

  private static int[] codes(String where, @Nullable Object config) {
    if (!(config instanceof List<?> architectures)) {
      throw new InputException(where + " lacks a list 'config' of architectures");
    }
    TableSpace space = TableSpace.NASBENCH201;
    boolean[] seen = new boolean[space.size()];
    int[] codes = new int[architectures.size()];
    for (int i = 0; i < codes.length; i++) {
      if (!(architectures.get(i) instanceof Map<?, ?> one)
          || !(one.get("arch_str") instanceof String text)) {
        throw new InputException("%s: architecture %d lacks 'arch_str'".formatted(where, i));
      }
      codes[i] = space.code(space.parse(where, text));
      if (seen[codes[i]]) {
        throw new InputException(where + " has " + TableSpace.oneLine(text) + " a second time");
      }
      seen[codes[i]] = true;
    }
    return codes;
  }

  private static void columns(
      String where, String dataset, Map<?, ?> metrics, int count, Map<String, double[]> into) {
    String suffix = dataset.equals("cifar10") ? "" : "-" + dataset;
    metrics.forEach(
        (key, values) -> {
          String name = String.valueOf(key);
          int end = name.lastIndexOf('_');
          String device = name.substring(0, Math.max(0, end)) + suffix;
          switch (name.substring(end + 1)) {
            case "latency" -> into.put(Series.latency(device), numbers(where, name, values, count));
            case "energy" -> into.put(Series.energy(device), numbers(where, name, values, count));
            default -> {} // the architectures, and what is no cost
          }
        });
  }

  private static double[] numbers(String where, String name, @Nullable Object values, int count) {
    double[] numbers =
        switch (values) {
          case SafePickle.Numbers array -> array.values();
          case List<?> list ->
              list.stream()
                  .mapToDouble(v -> v instanceof Number n ? n.doubleValue() : Double.NaN)
                  .toArray();
          case null, default -> new double[0];
        };
    if (numbers.length != count) {
      throw new InputException(
          "%s: '%s' has %,d numbers for %,d architectures"
              .formatted(where, TableSpace.oneLine(name), numbers.length, count));
    }
    return numbers;
  }

  @Override
  public TableSpace space() {
    return TableSpace.NASBENCH201;
  }

  @Override
  public int[] codes() {
    return codes;
  }

  @Override
  public List<String> notes() {
    return List.of(
        "latencies in milliseconds and energies in millijoules of %s; what is zero there is left out"
            .formatted(file.getFileName()));
  }

  @Override
  public void rows(Rows rows) {
    for (int i = 0; i < codes.length; i++) {
      List<Series> series = new ArrayList<>();
      for (Map.Entry<String, double[]> column : columns.entrySet()) {
        double value = column.getValue()[i];
        if (value > 0) {
          series.add(Series.of(column.getKey(), value));
        }
      }
      rows.row(i, series);
    }
  }
}
