package org.espalier.benchmark;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.InputException;

/**
 * Scores of architectures beside the accuracies that a table has of them.
 *
 * @param indexes of those that have both
 * @param dropped how many had no score or no accuracy
 */
public record Ranking(
    TabularBenchmark table,
    AccuracyKey key,
    int[] indexes,
    double[] scores,
    double[] accuracies,
    int dropped) {

  /**
   * Asks for the scores.
   *
   * @param indexes of the architectures to ask for
   * @throws InputException if fewer than two have both
   */
  public static Ranking of(
      TabularBenchmark table, AccuracyKey key, ArchitectureScorer scorer, int[] indexes) {
    Column accuracy = table.accuracy(key);
    List<Integer> kept = new ArrayList<>();
    double[] scores = new double[indexes.length];
    for (int i = 0; i < indexes.length; i++) {
      scores[i] = scorer.score(table.architecture(indexes[i]));
      if (!Double.isNaN(scores[i]) && !Double.isNaN(accuracy.at(indexes[i]))) {
        kept.add(i);
      }
    }
    if (kept.size() < 2) {
      throw new InputException(
          "%d of %d architectures have a score and an accuracy; to rank, two at least are needed"
              .formatted(kept.size(), indexes.length));
    }
    return new Ranking(
        table,
        key,
        kept.stream().mapToInt(i -> indexes[i]).toArray(),
        kept.stream().mapToDouble(i -> scores[i]).toArray(),
        kept.stream().mapToDouble(i -> accuracy.at(indexes[i])).toArray(),
        indexes.length - kept.size());
  }

  /** Kendall's tau-b. */
  public double kendall() {
    return RankStatistics.kendall(scores, accuracies);
  }

  /** Spearman's rho. */
  public double spearman() {
    return RankStatistics.spearman(scores, accuracies);
  }

  /** Pearson's correlation. */
  public double pearson() {
    return RankStatistics.pearson(scores, accuracies);
  }

  /** Which share of the K best by score are among the K most accurate. */
  public double precisionAtTop(int k) {
    return RankStatistics.precisionAtTop(scores, accuracies, k);
  }

  /** Points of accuracy that the best of the K best by score is below the best of all. */
  public double regretOfBest(int k) {
    return RankStatistics.regretOfBest(scores, accuracies, k);
  }

  /** The best by score: places in the arrays here. */
  public int[] best(int k) {
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -scores[i]))
        .limit(k)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** The place by accuracy, from 1; equals share the first of their places. */
  public int place(int at) {
    return 1
        + (int)
            IntStream.range(0, scores.length).filter(i -> accuracies[i] > accuracies[at]).count();
  }
}
