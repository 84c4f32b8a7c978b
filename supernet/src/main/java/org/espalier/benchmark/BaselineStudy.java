package org.espalier.benchmark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.tensor.Rng;

/**
 * Black-box searches on a table, each with many seeds: the yardstick that every method is put
 * beside.
 */
public final class BaselineStudy {
  private static final int POINTS = 120;

  private BaselineStudy() {}

  /**
   * What a search came to.
   *
   * @param trials trainings in a run, the mean over runs
   * @param results for each accuracy that results are judged by
   * @param regret mean over runs, at the times of the study: the best test accuracy of the table
   *     less that of the architecture the run would return then; NaN before all runs have one
   */
  public record Outcome(
      String method,
      String description,
      double trials,
      List<Result> results,
      List<Double> regret) {}

  /** A test accuracy in percent over the runs: its mean and its deviation. */
  public record Result(AccuracyKey key, double mean, double deviation) {}

  /**
   * A study.
   *
   * @param seconds the times of the regrets
   * @param best the best test accuracy of the table on the searched data set
   */
  public record Study(
      SearchTask task,
      int seeds,
      double budget,
      List<Double> seconds,
      double best,
      List<Outcome> outcomes) {}

  /** The names of all searches. */
  public static List<String> methods() {
    return BlackBoxes.all().stream().map(BlackBox::name).toList();
  }

  /**
   * Runs searches.
   *
   * @param methods by name
   * @param seeds how many runs of each, with seeds 0, 1, ..
   * @param budget of a run, in seconds of the table's clock
   * @throws org.espalier.InputException naming the known methods
   */
  public static Study run(SearchTask task, List<String> methods, int seeds, double budget) {
    List<BlackBox> searches = methods.stream().map(BlackBoxes::of).toList();
    return study(task, searches, seeds, budget);
  }

  static Study study(SearchTask task, List<BlackBox> searches, int seeds, double budget) {
    double[] test = task.table().accuracy(task.results().getFirst()).values();
    double best = Arrays.stream(test).filter(v -> !Double.isNaN(v)).max().orElse(Double.NaN);
    List<Double> seconds =
        IntStream.rangeClosed(1, POINTS).mapToObj(i -> budget * i / POINTS).toList();
    List<Outcome> outcomes = new ArrayList<>();
    for (BlackBox search : searches) {
      List<List<Trials.Step>> runs =
          IntStream.range(0, seeds).parallel().mapToObj(s -> run(task, search, s, budget)).toList();
      outcomes.add(
          new Outcome(
              search.name(),
              search.description(),
              runs.stream().mapToInt(List::size).average().orElse(Double.NaN),
              task.results().stream().map(key -> result(task, key, runs)).toList(),
              seconds.stream().map(at -> best - mean(test, runs, at)).toList()));
    }
    return new Study(task, seeds, budget, seconds, best, outcomes);
  }

  private static List<Trials.Step> run(SearchTask task, BlackBox search, int seed, double budget) {
    Rng rng = Rng.of(seed).split(search.name());
    Trials trials = new Trials(task, budget, new Dice(rng.split("training")));
    search.search(trials, new Dice(rng.split("search")));
    return trials.steps();
  }

  private static Result result(SearchTask task, AccuracyKey key, List<List<Trials.Step>> runs) {
    Column column = task.table().accuracy(key);
    double[] found =
        runs.stream()
            .mapToDouble(
                steps -> steps.isEmpty() ? Double.NaN : column.at(steps.getLast().incumbent()))
            .toArray();
    double mean = Arrays.stream(found).average().orElse(Double.NaN);
    double squares = Arrays.stream(found).map(v -> (v - mean) * (v - mean)).sum();
    return new Result(key, mean, Math.sqrt(squares / Math.max(1, found.length - 1)));
  }

  /** What all runs would return at that time, on average. */
  private static double mean(double[] test, List<List<Trials.Step>> runs, double at) {
    double sum = 0;
    for (List<Trials.Step> steps : runs) {
      int done = 0;
      while (done < steps.size() && steps.get(done).seconds() <= at) {
        done++;
      }
      sum += done == 0 ? Double.NaN : test[steps.get(done - 1).incumbent()];
    }
    return sum / runs.size();
  }
}
