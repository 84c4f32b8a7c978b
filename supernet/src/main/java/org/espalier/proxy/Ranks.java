package org.espalier.proxy;

/** Ranks from 1, the smallest value's; ties share their mean, and NaN ranks below every number. */
final class Ranks {
  private Ranks() {}

  static double[] of(double[] values) {
    double[] ranks = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      int below = 0;
      int equal = 0;
      for (double other : values) {
        int order = order(other, values[i]);
        below += order < 0 ? 1 : 0;
        equal += order == 0 ? 1 : 0;
      }
      ranks[i] = below + (equal + 1) / 2.0;
    }
    return ranks;
  }

  private static int order(double a, double b) {
    return Double.isNaN(a) || Double.isNaN(b)
        ? Boolean.compare(Double.isNaN(b), Double.isNaN(a))
        : Double.compare(a, b);
  }

  /** Column {@code part} of the parts of some networks. */
  static double[] ofPart(double[][] parts, int part) {
    double[] column = new double[parts.length];
    for (int i = 0; i < column.length; i++) {
      column[i] = parts[i][part];
    }
    return of(column);
  }
}
