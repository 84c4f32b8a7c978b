package org.espalier.backend.cpu;

import org.junit.jupiter.api.Test;

class SimdReductionsTest {
  private static final int[] ROWS = {1, 5, 64, 3001};
  private static final boolean[] ADD = {false, true};

  private interface Case {
    void of(int rows, int channels);
  }

  private static void each(Case test) {
    for (int c : SimdSample.CHANNELS) {
      for (int rows : ROWS) {
        test.of(rows, c);
      }
    }
    test.of(3, 1000);
    test.of(7, 2049); // no whole number of vectors within reason: tiles with a tail
  }

  @Test
  void rowsAreSummed() {
    each(
        (rows, c) -> {
          for (boolean add : ADD) {
            SimdSample.check(
                "sum of " + rows + " x " + c,
                1e-6,
                (backend, sample) ->
                    backend.sumRows(rows, c, sample.normal(rows * c), sample.normal(c), add));
          }
        });
  }

  @Test
  void aRowIsAddedToAll() {
    each(
        (rows, c) ->
            SimdSample.check(
                "row to " + rows + " x " + c,
                0,
                (backend, sample) ->
                    backend.addRow(
                        rows,
                        c,
                        sample.normal(rows * c),
                        sample.normal(c),
                        sample.normal(rows * c))));
  }

  @Test
  void aRowMayBeAddedInPlace() {
    SimdSample.check(
        "row in place",
        0,
        (backend, sample) -> {
          CpuBuffer x = sample.normal(50 * 10);
          backend.addRow(50, 10, x, sample.normal(10), x);
        });
  }

  @Test
  void pixelsAreAveragedImageByImage() {
    each(
        (pixels, c) ->
            SimdSample.check(
                "mean of " + pixels + " x " + c,
                1e-6,
                (backend, sample) ->
                    backend.meanPixels(
                        4, pixels, c, sample.normal(4 * pixels * c), sample.normal(4 * c))));
  }

  @Test
  void theGradientOfTheMeanIsSpreadOverThePixels() {
    each(
        (pixels, c) -> {
          for (boolean add : ADD) {
            SimdSample.check(
                "mean gradient of " + pixels + " x " + c,
                1e-6,
                (backend, sample) ->
                    backend.meanPixelsGrad(
                        4, pixels, c, sample.normal(4 * c), sample.normal(4 * pixels * c), add));
          }
        });
  }
}
