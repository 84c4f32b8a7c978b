package org.espalier.cuda;

import org.espalier.backend.Pool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(OnCuda.class)
class CudaPoolTest {
  private interface Case {
    void of(Pool pool, int inputs, int outputs);
  }

  private static void each(Case test) {
    for (Pool.Kind kind : Pool.Kind.values()) {
      for (int c : KernelSample.CHANNELS) {
        for (int[] s :
            new int[][] {
              // h, w, k, stride, pad
              {8, 8, 3, 1, 1},
              {7, 9, 3, 2, 1},
              {5, 4, 2, 2, 0},
              {6, 7, 5, 1, 2},
              {9, 9, 5, 3, 0},
              {3, 3, 3, 1, 0},
              {1, 1, 3, 1, 1},
              {8, 7, 1, 1, 0},
              {7, 8, 1, 3, 0},
              {6, 6, 4, 2, 1},
              {2, 2, 3, 1, 2}
            }) {
          Pool pool = new Pool(kind, 3, s[0], s[1], c, s[2], s[3], s[4]);
          test.of(pool, 3 * s[0] * s[1] * c, 3 * pool.outH() * pool.outW() * c);
        }
      }
    }
  }

  @Test
  void windowsArePooledAsTheOracleDoes(CudaBackend cuda) {
    each(
        (pool, inputs, outputs) ->
            KernelSample.check(
                cuda,
                pool.toString(),
                1e-6,
                (backend, sample) ->
                    backend.pool(pool, sample.normal(inputs), sample.normal(outputs))));
  }

  @Test
  void gradientsAreTheOracles(CudaBackend cuda) {
    each(
        (pool, inputs, outputs) -> {
          for (boolean add : new boolean[] {false, true}) {
            KernelSample.check(
                cuda,
                pool + " gradient",
                1e-6,
                (backend, sample) ->
                    backend.poolGrad(
                        pool,
                        sample.normal(inputs),
                        sample.normal(outputs),
                        sample.normal(inputs),
                        add));
          }
        });
  }

  @Test
  void amongEqualMaximaTheFirstTakesTheGradient(CudaBackend cuda) {
    each(
        (pool, inputs, outputs) ->
            KernelSample.check(
                cuda,
                pool + " with ties",
                1e-6,
                (backend, sample) ->
                    backend.poolGrad(
                        pool,
                        sample.coarse(inputs),
                        sample.normal(outputs),
                        sample.normal(inputs),
                        false)));
  }
}
