package org.espalier.benchmark;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * How well scores order what they are scores of. All are of two arrays of the same length; larger
 * is better in both; NaN where a value is NaN or the statistic is not defined. Ties count as ties:
 * what depends on the order among equal scores is the mean over all orders.
 */
public final class RankStatistics {
  private RankStatistics() {}

  /**
   * Kendall's tau-b (Kendall 1945), by Knight's sort (1966) in O(n log n): concordant less
   * discordant pairs, over the geometric mean of the pairs that are no ties in either array. NaN
   * where all values of an array are the same.
   */
  public static double kendall(double[] x, double[] y) {
    if (undefined(x, y)) {
      return Double.NaN;
    }
    int n = x.length;
    int[] order =
        sorted(
            n, Comparator.<Integer>comparingDouble(i -> x[i] + 0.0).thenComparingDouble(i -> y[i]));
    long pairs = (long) n * (n - 1) / 2;
    long tiesX = 0;
    long tiesBoth = 0;
    for (int from = 0, to; from < n; from = to) {
      for (to = from + 1; to < n && x[order[to]] == x[order[from]]; to++) {
        // to the end of the tie
      }
      tiesX += (long) (to - from) * (to - from - 1) / 2;
      for (int inner = from, end; inner < to; inner = end) {
        for (end = inner + 1; end < to && y[order[end]] == y[order[inner]]; end++) {
          // to the end of the tie in both
        }
        tiesBoth += (long) (end - inner) * (end - inner - 1) / 2;
      }
    }
    double[] byX = Arrays.stream(order).mapToDouble(i -> y[i]).toArray();
    long swaps = swaps(byX, new double[n], 0, n);
    long tiesY = 0;
    for (int from = 0, to; from < n; from = to) {
      for (to = from + 1; to < n && byX[to] == byX[from]; to++) {
        // byX is sorted by now
      }
      tiesY += (long) (to - from) * (to - from - 1) / 2;
    }
    double difference = pairs - tiesX - tiesY + tiesBoth - 2.0 * swaps;
    double scale = Math.sqrt((double) (pairs - tiesX)) * Math.sqrt((double) (pairs - tiesY));
    return scale == 0 ? Double.NaN : Math.clamp(difference / scale, -1, 1);
  }

  /** Sorts, and counts the pairs that were the wrong way round. */
  private static long swaps(double[] values, double[] spare, int from, int to) {
    if (to - from < 2) {
      return 0;
    }
    int middle = (from + to) >>> 1;
    long swaps = swaps(values, spare, from, middle) + swaps(values, spare, middle, to);
    int left = from;
    int right = middle;
    for (int at = from; at < to; at++) {
      if (right == to || (left < middle && values[left] <= values[right])) {
        spare[at] = values[left++];
      } else {
        spare[at] = values[right++];
        swaps += middle - left;
      }
    }
    System.arraycopy(spare, from, values, from, to - from);
    return swaps;
  }

  /** Spearman's rho: Pearson's correlation of the ranks, equal values sharing their mean rank. */
  public static double spearman(double[] x, double[] y) {
    return undefined(x, y) ? Double.NaN : pearson(ranks(x), ranks(y));
  }

  /** Pearson's correlation. NaN where all values of an array are the same. */
  public static double pearson(double[] x, double[] y) {
    if (undefined(x, y)) {
      return Double.NaN;
    }
    double meanX = Arrays.stream(x).average().orElseThrow();
    double meanY = Arrays.stream(y).average().orElseThrow();
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (int i = 0; i < x.length; i++) {
      double dx = x[i] - meanX;
      double dy = y[i] - meanY;
      xy += dx * dy;
      xx += dx * dx;
      yy += dy * dy;
    }
    double scale = Math.sqrt(xx) * Math.sqrt(yy);
    return scale == 0 ? Double.NaN : Math.clamp(xy / scale, -1, 1);
  }

  /**
   * Ranks from 1, the smallest first; equal values share the mean of their ranks, and NaN ranks
   * below every number.
   */
  public static double[] ranks(double[] values) {
    int n = values.length;
    Comparator<Integer> rising =
        Comparator.<Integer, Boolean>comparing(i -> !Double.isNaN(values[i]))
            .thenComparingDouble(i -> values[i] + 0.0);
    int[] order = sorted(n, rising);
    double[] ranks = new double[n];
    for (int from = 0, to; from < n; from = to) {
      for (to = from + 1; to < n && rising.compare(order[to], order[from]) == 0; to++) {
        // to the end of the tie
      }
      for (int i = from; i < to; i++) {
        ranks[order[i]] = (from + 1 + to) / 2.0;
      }
    }
    return ranks;
  }

  /**
   * Which share of the K best by score are among the K best by truth.
   *
   * @param k at least 1; all where there are fewer
   */
  public static double precisionAtTop(double[] scores, double[] truth, int k) {
    if (undefined(scores, truth)) {
      return Double.NaN;
    }
    int top = Math.min(k, scores.length);
    double[] byScore = chosen(scores, top);
    double[] byTruth = chosen(truth, top);
    return IntStream.range(0, scores.length).mapToDouble(i -> byScore[i] * byTruth[i]).sum() / top;
  }

  /** How probable it is that each is among the k best when ties are broken at random. */
  private static double[] chosen(double[] values, int k) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double last = sorted[sorted.length - k];
    long above = Arrays.stream(values).filter(v -> v > last).count();
    long tied = Arrays.stream(values).filter(v -> v == last).count();
    double share = (double) (k - above) / tied;
    return Arrays.stream(values).map(v -> v > last ? 1 : v == last ? share : 0).toArray();
  }

  /**
   * What one loses who tries the K best by score and keeps the best of them: the best truth of all
   * less the best truth among them.
   *
   * @param k at least 1; all where there are fewer
   */
  public static double regretOfBest(double[] scores, double[] truth, int k) {
    if (undefined(scores, truth)) {
      return Double.NaN;
    }
    double[] chosen = chosen(scores, Math.min(k, scores.length));
    double best = Double.NEGATIVE_INFINITY;
    double certain = Double.NEGATIVE_INFINITY;
    double share = 0;
    for (int i = 0; i < truth.length; i++) {
      best = Math.max(best, truth[i]);
      if (chosen[i] == 1) {
        certain = Math.max(certain, truth[i]);
      } else if (chosen[i] > 0) {
        share = chosen[i];
      }
    }
    if (share == 0) {
      return best - certain;
    }
    double[] tied =
        IntStream.range(0, truth.length)
            .filter(i -> chosen[i] > 0 && chosen[i] < 1)
            .mapToDouble(i -> truth[i])
            .sorted()
            .toArray();
    double expected = expectedBest(tied, (int) Math.round(share * tied.length), certain);
    return Math.max(0, best - expected); // which a sum of shares may miss by a rounding
  }

  /** The mean of the largest of some of the values, taken at random, and of one that is certain. */
  private static double expectedBest(double[] ascending, int taken, double certain) {
    double mean = 0;
    double noneBetter = 1; // that none better than those still to come was taken
    int left = ascending.length;
    for (int i = ascending.length - 1; i >= 0 && noneBetter > 0; i--, left--) {
      double here = Math.min(1, (double) taken / left);
      mean += noneBetter * here * Math.max(certain, ascending[i]);
      noneBetter *= 1 - here;
    }
    return mean;
  }

  private static boolean undefined(double[] x, double[] y) {
    if (x.length != y.length) {
      throw new IllegalArgumentException(x.length + " values and " + y.length);
    }
    return x.length < 2
        || Arrays.stream(x).anyMatch(Double::isNaN)
        || Arrays.stream(y).anyMatch(Double::isNaN);
  }

  private static int[] sorted(int n, Comparator<Integer> order) {
    return IntStream.range(0, n).boxed().sorted(order).mapToInt(Integer::intValue).toArray();
  }
}
