package org.espalier.bench;

import java.util.Arrays;

/** Of several seconds of a step, or ratios of such. */
record Timing(double median, double least, double most) {
  static Timing of(double[] seconds) {
    double[] sorted = seconds.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return new Timing((sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[0], sorted[n - 1]);
  }
}
