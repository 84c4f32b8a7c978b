package org.espalier.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.backend.Mix;
import org.espalier.backend.Pool;
import org.espalier.backend.Upstream;
import org.junit.jupiter.api.Test;

class SimdGarbageTest {
  private static final int N = 4;
  private static final int SIDE = 16;
  private static final int C = 16;
  private static final int SIZE = N * SIDE * SIDE * C;

  private static CpuBuffer buffer(int size) {
    return new CpuBuffer(new float[size], 0, size);
  }

  /**
   * Only the small change of closures and lists: no arrays of the size of a tensor, not even a row
   * of one.
   */
  @Test
  void aRepeatedCallAllocatesNoArrays() {
    CpuBuffer x = buffer(SIZE);
    CpuBuffer y = buffer(SIZE);
    CpuBuffer dx = buffer(SIZE);
    CpuBuffer moments = buffer(2 * C);
    CpuBuffer rule = buffer(4 * C);
    CpuBuffer weights = buffer(8);
    CpuBuffer means = buffer(N * C);
    Mix mix =
        new Mix(
            N * SIDE * SIDE,
            C,
            1e-5f,
            IntStream.range(0, 8).mapToObj(t -> new Mix.Term(t, x, moments, rule, false)).toList());
    try (Backend simd = CpuBackends.simd(1)) {
      Runnable step =
          () -> {
            for (Pool.Kind kind : Pool.Kind.values()) {
              Pool pool = new Pool(kind, N, SIDE, SIDE, C, 3, 1, 1);
              simd.pool(pool, x, y);
              simd.poolGrad(pool, x, y, dx, false);
            }
            simd.moments(N * SIDE * SIDE, C, x, moments);
            simd.normalize(N * SIDE * SIDE, C, x, moments, 1e-5f, null, null, y);
            simd.normalizeGrad(
                N * SIDE * SIDE, C, x, moments, 1e-5f, true, null, y, rule, null, null);
            simd.gradient(N * SIDE * SIDE, C, new Upstream(y, rule), x, dx, false);
            simd.mixedSum(mix, weights, y);
            simd.mixedSumGrad(mix, weights, y, weights);
            simd.meanPixels(N, SIDE * SIDE, C, x, means);
          };
      assertThat(allocated(step)).isLessThan(16_384);
    }
  }

  /** Bytes of one call once the code is compiled: the interpreter puts vectors on the heap. */
  private static long allocated(Runnable step) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3000 && least >= 16_384; i++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      step.run();
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    return least;
  }
}
