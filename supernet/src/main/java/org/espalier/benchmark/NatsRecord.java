package org.espalier.benchmark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.espalier.InputException;
import org.jspecify.annotations.Nullable;

/**
 * What NATS-Bench knows of one architecture: for each schedule the runs of each data set and seed,
 * with an accuracy for each epoch of each split, and the times.
 */
final class NatsRecord {
  private static final double MILLIONS = 1e6;
  private static final double MILLISECONDS = 1e3;

  private final Path file;
  private final Map<String, Series> series = new TreeMap<>();

  private NatsRecord(Path file) {
    this.file = file;
  }

  /**
   * The figures in a record.
   *
   * @param content what the pickle came to
   * @throws InputException naming the file and what it lacks
   */
  static List<Series> series(Path file, Object content, TableSpace space, int code, int index) {
    NatsRecord record = new NatsRecord(file);
    Map<?, ?> schedules = record.map(content, "record");
    if (schedules.isEmpty()) {
      throw record.lacks("schedules");
    }
    schedules.forEach(
        (name, body) -> record.schedule(record.map(body, "schedule"), space, code, index));
    return List.copyOf(record.series.values()); // sorted, so that all records have the same layout
  }

  private void schedule(Map<?, ?> body, TableSpace space, int code, int index) {
    String architecture = text(body, "arch_str");
    if (number(body, "arch_index") != index
        || space.code(space.parse(file.toString(), architecture)) != code) {
      throw new InputException(
          "%s is of architecture %.0f, %s, which is another than the folder's list says"
              .formatted(file, number(body, "arch_index"), TableSpace.oneLine(architecture)));
    }
    map(body.get("all_results"), "all_results").forEach((key, run) -> run(map(run, "run")));
  }

  private void run(Map<?, ?> run) {
    String dataset = text(run, "name");
    int schedule = whole(number(run, "epochs"));
    int seed = whole(number(run, "seed"));
    curve(new AccuracyKey(dataset, Split.TRAIN, schedule, seed), map(run, "train_acc1es"), "");
    Map<?, ?> evaluated = map(run, "eval_acc1es");
    boolean halves =
        evaluated.keySet().stream().anyMatch(k -> String.valueOf(k).startsWith("x-test@"));
    curve(new AccuracyKey(dataset, Split.VALID, schedule, seed), evaluated, "x-valid@");
    curve(
        new AccuracyKey(dataset, Split.TEST, schedule, seed),
        evaluated,
        halves ? "x-test@" : "ori-test@");
    if (halves) {
      curve(new AccuracyKey(dataset, Split.FULL_TEST, schedule, seed), evaluated, "ori-test@");
    }
    add(Series.of(Series.parameters(dataset), MILLIONS * number(run, "params")));
    add(Series.of(Series.flops(dataset), MILLIONS * number(run, "flop")));
    add(Series.of(Series.trainSeconds(dataset, schedule), mean(map(run, "train_times"), "")));
    double validation = mean(map(run, "eval_times"), "x-valid@");
    if (!Double.isNaN(validation)) {
      add(Series.of(Series.validSeconds(dataset, schedule), validation));
    }
    if (run.get("latency") instanceof List<?> latency
        && !latency.isEmpty()
        && latency.getFirst() instanceof Number seconds) {
      add(Series.of(Series.latency("nats-" + dataset), MILLISECONDS * seconds.doubleValue()));
    }
  }

  /** Parameters, times and latency are the same in all runs: the first that tells is taken. */
  private void add(Series one) {
    series.putIfAbsent(one.column(), one);
  }

  /** Accuracies by epoch, counted from 0 there and from 1 here. */
  private void curve(AccuracyKey key, Map<?, ?> values, String prefix) {
    TreeMap<Integer, Float> curve = new TreeMap<>();
    values.forEach(
        (epoch, value) -> {
          String name = String.valueOf(epoch);
          if (name.startsWith(prefix) && value instanceof Number accuracy) {
            curve.put(epoch(name.substring(prefix.length())), accuracy.floatValue());
          }
        });
    if (curve.isEmpty()) {
      return;
    }
    int first = curve.firstKey();
    int count = curve.lastKey() - first + 1;
    if (first < 1 || curve.lastKey() > key.schedule()) {
      throw new InputException(
          "%s has an accuracy after epoch %d of %d"
              .formatted(file, first < 1 ? first : curve.lastKey(), key.schedule()));
    }
    float[] all = new float[count];
    Arrays.fill(all, Float.NaN);
    curve.forEach((epoch, value) -> all[epoch - first] = value);
    series.put(key.column(), new Series(key.column(), first, all));
  }

  private int epoch(String text) {
    try {
      return Integer.parseInt(text) + 1;
    } catch (NumberFormatException e) {
      throw lacks("an epoch where '" + TableSpace.oneLine(text) + "' is");
    }
  }

  private double mean(Map<?, ?> values, String prefix) {
    List<Double> all = new ArrayList<>();
    values.forEach(
        (name, value) -> {
          if (String.valueOf(name).startsWith(prefix) && value instanceof Number number) {
            all.add(number.doubleValue());
          }
        });
    return all.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
  }

  private Map<?, ?> map(Map<?, ?> in, String key) {
    return map(in.get(key), key);
  }

  private Map<?, ?> map(@Nullable Object value, String name) {
    if (value instanceof Map<?, ?> map) {
      return map;
    }
    throw lacks(name);
  }

  private String text(Map<?, ?> in, String key) {
    if (in.get(key) instanceof String text) {
      return text;
    }
    throw lacks(key);
  }

  /** Numbers are written as text here and there: seed '0777'. */
  private double number(Map<?, ?> in, String key) {
    Object value = in.get(key);
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    if (value instanceof String text && text.matches("[0-9]{1,9}")) {
      return Integer.parseInt(text);
    }
    throw lacks(key);
  }

  private int whole(double number) {
    if (number != Math.rint(number) || number < 0 || number > Integer.MAX_VALUE) {
      throw lacks("a whole number where " + number + " is");
    }
    return (int) number;
  }

  private InputException lacks(String what) {
    return new InputException(file + " is no record of NATS-Bench: it lacks " + what);
  }
}
