package org.espalier.cuda;

import org.espalier.backend.Buffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnCuda.class)
class CudaReductionsTest {
  private static final int[] ROWS = {1, 5, 64, 3001};
  private static final boolean[] ADD = {false, true};

  private interface Case {
    void of(int rows, int channels);
  }

  private static void each(Case test) {
    for (int c : KernelSample.CHANNELS) {
      for (int rows : ROWS) {
        test.of(rows, c);
      }
    }
    test.of(3, 1000);
    test.of(7, 2049);
  }

  @Test
  void rowsAreSummed(CudaBackend cuda) {
    each(
        (rows, c) -> {
          for (boolean add : ADD) {
            KernelSample.check(
                cuda,
                "sum of " + rows + " x " + c,
                1e-6,
                (backend, sample) ->
                    backend.sumRows(rows, c, sample.normal(rows * c), sample.normal(c), add));
          }
        });
  }

  @Test
  void aRowIsAddedToAll(CudaBackend cuda) {
    each(
        (rows, c) ->
            KernelSample.check(
                cuda,
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
  void aRowMayBeAddedInPlace(CudaBackend cuda) {
    KernelSample.check(
        cuda,
        "row in place",
        0,
        (backend, sample) -> {
          Buffer x = sample.normal(50 * 10);
          backend.addRow(50, 10, x, sample.normal(10), x);
        });
  }

  @Test
  void pixelsAreAveragedImageByImage(CudaBackend cuda) {
    each(
        (pixels, c) ->
            KernelSample.check(
                cuda,
                "mean of " + pixels + " x " + c,
                1e-6,
                (backend, sample) ->
                    backend.meanPixels(
                        4, pixels, c, sample.normal(4 * pixels * c), sample.normal(4 * c))));
  }

  @Test
  void theGradientOfTheMeanIsSpreadOverThePixels(CudaBackend cuda) {
    each(
        (pixels, c) -> {
          for (boolean add : ADD) {
            KernelSample.check(
                cuda,
                "mean gradient of " + pixels + " x " + c,
                1e-6,
                (backend, sample) ->
                    backend.meanPixelsGrad(
                        4, pixels, c, sample.normal(4 * c), sample.normal(4 * pixels * c), add));
          }
        });
  }
}
