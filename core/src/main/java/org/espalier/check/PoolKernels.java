package org.espalier.check;

import java.util.stream.Stream;
import org.espalier.backend.Buffer;
import org.espalier.backend.Pool;

final class PoolKernels {
  private PoolKernels() {}

  private interface Case {
    void of(Pool pool, int inputs, int outputs);
  }

  private static void each(Case test) {
    for (Pool.Kind kind : Pool.Kind.values()) {
      for (int c : KernelInputs.CHANNELS) {
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

  static Stream<KernelSpecification> specifications() {
    return Stream.of(
        KernelSpecification.of(
            "windows are pooled as the oracle does",
            1e-6,
            trials ->
                each(
                    (pool, in, out) ->
                        trials.add(
                            pool.toString(),
                            (backend, inputs) ->
                                backend.pool(pool, inputs.normal(in), inputs.normal(out))))),
        KernelSpecification.of(
            "gradients of pools are the oracle's",
            1e-6,
            trials ->
                each(
                    (pool, in, out) -> {
                      for (boolean add : new boolean[] {false, true}) {
                        trials.add(
                            pool + ", add " + add,
                            (backend, inputs) -> {
                              Buffer x = inputs.normal(in);
                              Buffer dy = inputs.normal(out);
                              backend.poolGrad(pool, x, dy, inputs.normal(in), add);
                            });
                      }
                    })),
        KernelSpecification.of(
            "among equal maxima the first takes the gradient",
            1e-6,
            trials ->
                each(
                    (pool, in, out) ->
                        trials.add(
                            pool.toString(),
                            (backend, inputs) -> {
                              Buffer x = inputs.coarse(in);
                              Buffer dy = inputs.normal(out);
                              backend.poolGrad(pool, x, dy, inputs.normal(in), false);
                            }))));
  }
}
