package org.espalier.benchmark;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.InputException;

/**
 * A search that a table stands in for: what trying an architecture shows and costs, and what it is
 * worth in the end. As NAS-Bench-201 and NATS-Bench have it: the validation accuracy after a
 * schedule of 12 epochs, of a seed drawn at random where the table has single seeds; the seconds of
 * these epochs and of one validation; the test accuracy of the longest schedule, the mean over
 * seeds.
 */
public final class SearchTask {
  /** Epochs of the schedule that architectures are tried with. */
  public static final int TRIAL_EPOCHS = 12;

  private final TabularBenchmark table;
  private final String dataset;
  private final List<Column> fitness;
  private final TrainingCost cost;
  private final List<AccuracyKey> results;
  private final boolean[] validated = new boolean[TRIAL_EPOCHS + 1];

  private SearchTask(
      TabularBenchmark table,
      String dataset,
      List<Column> fitness,
      TrainingCost cost,
      List<AccuracyKey> results) {
    this.table = table;
    this.dataset = dataset;
    this.fitness = fitness;
    this.cost = cost;
    this.results = results;
    for (int epoch = 1; epoch <= TRIAL_EPOCHS; epoch++) {
      validated[epoch] = !Double.isNaN(fitness.getFirst().at(0, epoch));
    }
  }

  /**
   * A search on a data set.
   *
   * @param dataset cifar10 (validated on the half that it is not trained on), cifar100, ..
   * @throws InputException if the table is not complete or lacks what a search needs
   */
  public static SearchTask of(TabularBenchmark table, String dataset) {
    if (table.count() < table.space().size()) {
      throw new InputException(
          "the table has figures of %,d of %,d architectures; to search, all are needed"
              .formatted(table.count(), table.space().size()));
    }
    String searched = dataset.equals("cifar10") ? "cifar10-valid" : dataset;
    AccuracyKey key = new AccuracyKey(searched, Split.VALID, TRIAL_EPOCHS, AccuracyKey.MEAN);
    Column mean = table.accuracy(key);
    List<AccuracyKey> runs = table.runs(key);
    List<Column> fitness =
        runs.isEmpty() ? List.of(mean) : runs.stream().map(table::accuracy).toList();
    return new SearchTask(
        table, dataset, fitness, table.cost(searched, TRIAL_EPOCHS), results(table, dataset));
  }

  /** The test accuracies of the longest schedule; that of the searched data set first. */
  private static List<AccuracyKey> results(TabularBenchmark table, String dataset) {
    int longest = table.accuracies().stream().mapToInt(AccuracyKey::schedule).max().orElseThrow();
    List<AccuracyKey> results =
        table.accuracies().stream()
            .filter(key -> key.split() == Split.TEST && key.schedule() == longest)
            .map(AccuracyKey::dataset)
            .filter(name -> !name.equals("cifar10-valid"))
            .distinct()
            .sorted(Comparator.comparing((String name) -> !name.equals(dataset)))
            .map(name -> new AccuracyKey(name, Split.TEST, longest, AccuracyKey.MEAN))
            .toList();
    if (results.isEmpty() || !results.getFirst().dataset().equals(dataset)) {
      throw new InputException(
          "the table has no test accuracy on %s after %d epochs".formatted(dataset, longest));
    }
    return results;
  }

  /** The data set that is searched on. */
  public String dataset() {
    return dataset;
  }

  /** What the architecture found is judged by. */
  public List<AccuracyKey> results() {
    return results;
  }

  TableSpace space() {
    return table.space();
  }

  TabularBenchmark table() {
    return table;
  }

  /** Whether single seeds are drawn, as published; otherwise a mean over seeds stands for them. */
  public boolean drawsSeeds() {
    return fitness.size() > 1;
  }

  /** Whether the table tells accuracies before the end of the trial's schedule. */
  public boolean validatesEarly() {
    return IntStream.range(1, TRIAL_EPOCHS).anyMatch(epoch -> validated[epoch]);
  }

  /** The first number of epochs, not less, after which the table tells an accuracy. */
  int epochs(int wanted) {
    int epochs = Math.clamp(wanted, 1, TRIAL_EPOCHS);
    while (epochs < TRIAL_EPOCHS && !validated[epochs]) {
      epochs++;
    }
    return epochs;
  }

  /** Validation accuracy, in percent. */
  double fitness(int index, int epochs, Dice dice) {
    int first = dice.below(fitness.size());
    for (int i = 0; i < fitness.size(); i++) { // not every architecture has every seed
      double value = fitness.get((first + i) % fitness.size()).at(index, epochs);
      if (!Double.isNaN(value)) {
        return value;
      }
    }
    throw new InputException(
        "the table has no validation accuracy of architecture %d".formatted(index));
  }

  double seconds(int index, int epochs) {
    double seconds = cost.seconds(index, epochs);
    if (!(seconds > 0)) {
      throw new InputException("the table has no times of architecture %d".formatted(index));
    }
    return seconds;
  }
}
