package org.espalier.check;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.backend.Buffer;
import org.espalier.backend.Mix;

final class MixKernels {
  private static final float EPS = 1e-5f;

  private MixKernels() {}

  private interface Case {
    void of(int terms, int rows, int channels);
  }

  /**
   * Many terms on few rows only: what they would show, fewer show too. One case is large enough for
   * a GPU to give a thread as many rows as it ever does.
   */
  private static void each(int rows, Case test) {
    test.of(2, 262_200, 4);
    for (int c : KernelInputs.CHANNELS) {
      for (int count : new int[] {0, 1, 2, 3, 4, 7, 21, 45}) {
        test.of(count, 5, c);
        if (count <= 21) {
          test.of(count, count <= 7 ? rows : rows / 3, c);
        }
      }
    }
  }

  /**
   * Terms of all kinds: normalised and plain, weighted and not, not computed, gradient wanted or
   * not.
   */
  private static Mix mix(KernelInputs inputs, int count, int rows, int c) {
    List<Mix.Term> terms = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      boolean computed = t % 5 != 4;
      boolean normalised = t % 3 != 2;
      terms.add(
          new Mix.Term(
              t % 7 == 3 ? -1 : t,
              computed ? inputs.normal(rows * c) : null,
              computed && normalised ? inputs.moments(c) : null,
              computed && t % 4 != 1 ? inputs.normal(normalised ? 4 * c : rows * c) : null,
              t % 2 == 0));
    }
    return new Mix(rows, c, EPS, terms);
  }

  static Stream<KernelSpecification> specifications(int rows) {
    return Stream.of(
        KernelSpecification.of(
            "the mixed sum of any number of terms is the oracle's",
            2e-6,
            trials ->
                each(
                    rows,
                    (count, n, c) ->
                        trials.add(
                            count + " terms, " + n + " x " + c,
                            (backend, inputs) ->
                                backend.mixedSum(
                                    mix(inputs, count, n, c),
                                    inputs.normal(count),
                                    inputs.normal(n * c))))),
        KernelSpecification.of(
            "gradients of mixed terms and of their weights are the oracle's",
            5e-6,
            trials ->
                each(
                    rows,
                    (count, n, c) -> {
                      for (boolean weights : new boolean[] {false, true}) {
                        trials.add(
                            count + " terms, " + n + " x " + c + ", weights " + weights,
                            (backend, inputs) ->
                                backend.mixedSumGrad(
                                    mix(inputs, count, n, c),
                                    inputs.normal(count),
                                    inputs.normal(n * c),
                                    weights ? inputs.normal(count) : null));
                      }
                    })),
        KernelSpecification.of(
            "mixed terms may share a tensor and its gradient",
            5e-6,
            trials ->
                trials.add(
                    rows + " x 12",
                    (backend, inputs) -> {
                      Buffer x = inputs.normal(rows * 12);
                      Buffer dx = inputs.normal(rows * 12);
                      List<Mix.Term> terms =
                          List.of(
                              new Mix.Term(1, x, null, dx, false),
                              new Mix.Term(0, x, inputs.moments(12), inputs.normal(48), false),
                              new Mix.Term(0, x, null, dx, true));
                      backend.mixedSumGrad(
                          new Mix(rows, 12, EPS, terms),
                          inputs.normal(2),
                          inputs.normal(rows * 12),
                          inputs.normal(2));
                    })),
        KernelSpecification.of(
            "what was not computed is never multiplied",
            1e-6,
            trials ->
                trials.add(
                    "100 x 8",
                    (backend, inputs) -> {
                      Buffer weights = inputs.normal(1);
                      backend.fill(weights, Float.POSITIVE_INFINITY);
                      Mix.Term term = new Mix.Term(0, null, null, null, false);
                      Mix mix = new Mix(100, 8, EPS, List.of(term));
                      backend.mixedSum(mix, weights, inputs.normal(800));
                    })));
  }
}
