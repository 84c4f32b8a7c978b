package org.espalier.check;

import java.util.stream.Stream;
import org.espalier.backend.Buffer;

final class ReductionKernels {
  private static final boolean[] ADD = {false, true};

  private ReductionKernels() {}

  private interface Case {
    void of(int rows, int channels);
  }

  private static void each(int rows, Case test) {
    for (int c : KernelInputs.CHANNELS) {
      for (int n : new int[] {1, 5, 64, rows}) {
        test.of(n, c);
      }
    }
    test.of(3, 1000);
    test.of(7, 2049); // no whole number of vectors within reason: tiles with a tail
  }

  static Stream<KernelSpecification> specifications(int rows) {
    return Stream.of(
        KernelSpecification.of(
            "rows are summed",
            1e-6,
            trials ->
                each(
                    rows,
                    (n, c) -> {
                      for (boolean add : ADD) {
                        trials.add(
                            n + " x " + c + ", add " + add,
                            (backend, inputs) ->
                                backend.sumRows(n, c, inputs.normal(n * c), inputs.normal(c), add));
                      }
                    })),
        KernelSpecification.of(
            "a row is added to all",
            0,
            trials ->
                each(
                    rows,
                    (n, c) ->
                        trials.add(
                            n + " x " + c,
                            (backend, inputs) -> {
                              Buffer x = inputs.normal(n * c);
                              backend.addRow(n, c, x, inputs.normal(c), inputs.normal(n * c));
                            }))),
        KernelSpecification.of(
            "a row may be added in place",
            0,
            trials ->
                trials.add(
                    "50 x 10",
                    (backend, inputs) -> {
                      Buffer x = inputs.normal(50 * 10);
                      backend.addRow(50, 10, x, inputs.normal(10), x);
                    })),
        KernelSpecification.of(
            "pixels are averaged image by image",
            1e-6,
            trials ->
                each(
                    rows,
                    (n, c) ->
                        trials.add(
                            n + " x " + c,
                            (backend, inputs) ->
                                backend.meanPixels(
                                    4, n, c, inputs.normal(4 * n * c), inputs.normal(4 * c))))),
        KernelSpecification.of(
            "the gradient of the mean is spread over the pixels",
            1e-6,
            trials ->
                each(
                    rows,
                    (n, c) -> {
                      for (boolean add : ADD) {
                        trials.add(
                            n + " x " + c + ", add " + add,
                            (backend, inputs) -> {
                              Buffer dy = inputs.normal(4 * c);
                              backend.meanPixelsGrad(4, n, c, dy, inputs.normal(4 * n * c), add);
                            });
                      }
                    })));
  }
}
