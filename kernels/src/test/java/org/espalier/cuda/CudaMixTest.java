package org.espalier.cuda;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.Buffer;
import org.espalier.backend.Mix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnCuda.class)
class CudaMixTest {
  private static final float EPS = 1e-5f;

  /**
   * Terms of all kinds: normalised and plain, weighted and not, not computed, gradient wanted or
   * not.
   */
  private static List<Mix.Term> terms(KernelSample sample, int rows, int c, int count) {
    List<Mix.Term> terms = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      boolean computed = t % 5 != 4;
      boolean normalised = t % 3 != 2;
      terms.add(
          new Mix.Term(
              t % 7 == 3 ? -1 : t,
              computed ? sample.normal(rows * c) : null,
              computed && normalised ? sample.moments(c) : null,
              computed && t % 4 != 1 ? sample.normal(normalised ? 4 * c : rows * c) : null,
              t % 2 == 0));
    }
    return terms;
  }

  @Test
  void theSumOfAnyNumberOfTermsIsTheOracles(CudaBackend cuda) {
    for (int c : KernelSample.CHANNELS) {
      for (int count : new int[] {0, 1, 7, 45}) {
        for (int rows : count > 40 ? new int[] {5} : new int[] {5, 1100}) {
          KernelSample.check(
              cuda,
              "mix of " + count + ", " + rows + " x " + c,
              2e-6,
              (backend, sample) -> {
                Mix mix = new Mix(rows, c, EPS, terms(sample, rows, c, count));
                backend.mixedSum(mix, sample.normal(count), sample.normal(rows * c));
              });
        }
      }
    }
  }

  @Test
  void gradientsOfTermsAndWeightsAreTheOracles(CudaBackend cuda) {
    for (int c : KernelSample.CHANNELS) {
      for (int count : new int[] {1, 7, 45}) {
        for (int rows : count > 40 ? new int[] {5} : new int[] {5, 1100}) {
          for (boolean withWeights : new boolean[] {false, true}) {
            KernelSample.check(
                cuda,
                "mix gradient of " + count + ", " + rows + " x " + c,
                5e-6,
                (backend, sample) -> {
                  Mix mix = new Mix(rows, c, EPS, terms(sample, rows, c, count));
                  Buffer weights = sample.normal(count);
                  Buffer dWeights = withWeights ? sample.normal(count) : null;
                  backend.mixedSumGrad(mix, weights, sample.normal(rows * c), dWeights);
                });
          }
        }
      }
    }
  }

  @Test
  void termsMayShareATensorAndItsGradient(CudaBackend cuda) {
    KernelSample.check(
        cuda,
        "shared",
        5e-6,
        (backend, sample) -> {
          Buffer x = sample.normal(2000 * 12);
          Buffer dx = sample.normal(2000 * 12);
          Mix mix =
              new Mix(
                  2000,
                  12,
                  EPS,
                  List.of(
                      new Mix.Term(1, x, null, dx, false),
                      new Mix.Term(0, x, sample.moments(12), sample.normal(48), false),
                      new Mix.Term(0, x, null, dx, true)));
          backend.mixedSumGrad(mix, sample.normal(2), sample.normal(2000 * 12), sample.normal(2));
        });
  }

  @Test
  void whatWasNotComputedIsNeverMultiplied(CudaBackend cuda) {
    KernelSample.check(
        cuda,
        "nothing computed",
        1e-6,
        (backend, sample) -> {
          Mix mix = new Mix(100, 8, EPS, List.of(new Mix.Term(0, null, null, null, false)));
          Buffer weights = sample.normal(1);
          backend.fill(weights, Float.POSITIVE_INFINITY);
          backend.mixedSum(mix, weights, sample.normal(800));
        });
  }
}
