package org.espalier.report;

import java.util.Arrays;

/**
 * Marks in a plane, as report.js draws them.
 *
 * @param id the figure of the page that it fills
 * @param axis what x is
 * @param y in percent
 * @param numbers of the architectures
 */
record Scatter(String id, String axis, double[] x, double[] y, int[] numbers) {
  private static final double FIGURES = 1e5;

  /** Leaves out what is not finite, and figures that no pixel shows. */
  static Scatter of(String id, String axis, double[] x, double[] y, int[] numbers) {
    int[] finite =
        java.util.stream.IntStream.range(0, x.length)
            .filter(i -> Double.isFinite(x[i]) && Double.isFinite(y[i]))
            .toArray();
    return new Scatter(
        id,
        axis,
        Arrays.stream(finite).mapToDouble(i -> rounded(x[i])).toArray(),
        Arrays.stream(finite).mapToDouble(i -> rounded(y[i])).toArray(),
        Arrays.stream(finite).map(i -> numbers[i]).toArray());
  }

  private static double rounded(double value) {
    if (value == 0) {
      return 0;
    }
    double scale = FIGURES / Math.pow(10, Math.floor(Math.log10(Math.abs(value))));
    return scale > 0 && Double.isFinite(scale) ? Math.rint(value * scale) / scale : value;
  }
}
