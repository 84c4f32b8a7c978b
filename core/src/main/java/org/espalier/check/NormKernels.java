package org.espalier.check;

import java.util.stream.Stream;
import org.espalier.backend.Buffer;
import org.espalier.backend.Upstream;

final class NormKernels {
  private static final boolean[] BOTH = {false, true};
  private static final float EPS = 1e-5f;

  private NormKernels() {}

  private interface Case {
    void of(int rows, int channels);
  }

  private static void each(int rows, Case test) {
    for (int c : KernelInputs.CHANNELS) {
      for (int n : new int[] {1, 5, rows}) {
        test.of(n, c);
      }
    }
  }

  static Stream<KernelSpecification> specifications(int rows) {
    return Stream.of(
        KernelSpecification.of(
            "moments are the oracle's",
            1e-6,
            trials ->
                each(
                    rows,
                    (n, c) ->
                        trials.add(
                            n + " x " + c,
                            (backend, inputs) ->
                                backend.moments(
                                    n, c, inputs.normal(n * c), inputs.normal(2 * c))))),
        // E[x^2] - E[x]^2 in floats would leave nothing of it.
        KernelSpecification.of(
            "the variance survives a mean far from zero",
            1e-6,
            trials ->
                trials.add(
                    "40000 x 3",
                    (backend, inputs) -> {
                      Buffer moments = inputs.normal(6);
                      backend.moments(40_000, 3, inputs.normal(120_000, 20_000, 2), moments);
                      backend.axpby(1, moments.slice(3, 3), 0, inputs.normal(3)); // held to itself
                    })),
        KernelSpecification.of(
            "an outlier in the first row does no harm",
            1e-6,
            trials ->
                trials.add(
                    "3000 x 8",
                    (backend, inputs) -> {
                      Buffer x = inputs.normal(3000 * 8);
                      backend.fill(x.slice(0, 1), 1e4f);
                      backend.moments(3000, 8, x, inputs.normal(16));
                    })),
        KernelSpecification.of(
            "normalize takes off mean and deviation",
            1e-6,
            trials ->
                each(
                    rows,
                    (n, c) -> {
                      for (boolean affine : BOTH) {
                        trials.add(
                            n + " x " + c + ", affine " + affine,
                            (backend, inputs) ->
                                backend.normalize(
                                    n,
                                    c,
                                    inputs.normal(n * c),
                                    inputs.moments(c),
                                    EPS,
                                    affine ? inputs.normal(c) : null,
                                    affine ? inputs.normal(c) : null,
                                    inputs.normal(n * c)));
                      }
                    })),
        KernelSpecification.of(
            "the gradient of normalize is the oracle's for batch and fixed moments",
            5e-6,
            trials ->
                each(
                    rows,
                    (n, c) -> {
                      for (boolean batch : BOTH) {
                        for (boolean add : BOTH) {
                          gradient(trials, n, c, batch, add, true);
                        }
                        gradient(trials, n, c, batch, false, false);
                      }
                    })),
        KernelSpecification.of(
            "the gradient of normalize keeps its digits when the mean is large",
            2e-6,
            trials ->
                trials.add(
                    "2000 x 16",
                    (backend, inputs) -> {
                      Buffer x = inputs.normal(2000 * 16, 1000, 1);
                      Buffer moments = inputs.moments(16);
                      backend.fill(moments.slice(0, 16), 1000);
                      Buffer dy = inputs.normal(2000 * 16);
                      Buffer rule = inputs.normal(64);
                      backend.normalizeGrad(
                          2000, 16, x, moments, EPS, true, null, dy, rule, null, null);
                      Buffer dx = inputs.normal(2000 * 16);
                      backend.gradient(2000, 16, new Upstream(dy, rule), x, dx, false);
                    })));
  }

  /** The rule, and what it makes of x and dy. */
  private static void gradient(
      KernelSpecification.Trials trials, int n, int c, boolean batch, boolean add, boolean affine) {
    trials.add(
        "%d x %d, batch %s, add %s, affine %s".formatted(n, c, batch, add, affine),
        (backend, inputs) -> {
          Buffer x = inputs.normal(n * c);
          Buffer moments = inputs.moments(c);
          Buffer dy = inputs.normal(n * c);
          Buffer rule = inputs.normal(4 * c);
          Buffer gamma = affine ? inputs.normal(c) : null;
          Buffer dgamma = affine ? inputs.normal(c) : null;
          Buffer dbeta = affine ? inputs.normal(c) : null;
          backend.normalizeGrad(n, c, x, moments, EPS, batch, gamma, dy, rule, dgamma, dbeta);
          backend.gradient(n, c, new Upstream(dy, rule), x, inputs.normal(n * c), add);
          backend.gradient(n, c, new Upstream(dy, null), x, inputs.normal(n * c), add);
        });
  }
}
