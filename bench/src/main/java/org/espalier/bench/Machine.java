package org.espalier.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the machine can do at most, measured: what a kernel's figures are to be seen beside.
 *
 * @param threads that shared the work
 * @param gflops of fused multiply-adds on registers, each counted as two, in thousands of millions
 *     per second
 * @param memory GB/s of a triad {@code a = b + s*c} over arrays that no cache holds; three floats
 *     are counted for an element, as STREAM does
 * @param cache GB/s of a triad over arrays as large as a kernel's tensors, again and again
 */
record Machine(int threads, double gflops, double memory, double cache) {
  static final int MEMORY_MIB = 768;
  static final int CACHE_MIB = 12;

  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  /**
   * Enough to fill two pipes of latency four, and with the constants not more than 16 registers.
   */
  private static final int CHAINS = 12;

  private static final int ROUNDS = 200_000;
  private static final int CALLS = 20;
  private static final int REPEATS = 15;

  static Machine measure(int threads) throws InterruptedException {
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      float[] results = new float[threads * 16]; // a cache line each
      double fma =
          best(
              pool,
              threads,
              t -> {
                for (int call = 0; call < CALLS; call++) {
                  results[t * 16] = multiplyAdds(results[t * 16]);
                }
              });
      double flop = 2.0 * CHAINS * SPECIES.length() * ROUNDS * CALLS * threads;
      return new Machine(
          threads,
          flop / fma / 1e9,
          triad(pool, threads, MEMORY_MIB, 1),
          triad(pool, threads, CACHE_MIB, 32));
    }
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%d %s: %.1f GFLOP/s, %.1f GB/s memory, %.1f GB/s cache",
        threads,
        threads == 1 ? "thread" : "threads",
        gflops,
        memory,
        cache);
  }

  /** Seconds of the fastest repeat: by then the loop is compiled, and nobody has disturbed it. */
  private static double best(ExecutorService pool, int threads, IntConsumer body)
      throws InterruptedException {
    List<Callable<Void>> parts = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int thread = t;
      parts.add(
          () -> {
            body.accept(thread);
            return null;
          });
    }
    long least = Long.MAX_VALUE;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
      long start = System.nanoTime();
      List<Future<Void>> done = pool.invokeAll(parts);
      least = Math.min(least, System.nanoTime() - start);
      for (Future<Void> part : done) {
        try {
          part.get();
        } catch (ExecutionException e) {
          throw new IllegalStateException(e.getCause());
        }
      }
    }
    return least / 1e9;
  }

  private static double triad(ExecutorService pool, int threads, int mebibytes, int sweeps)
      throws InterruptedException {
    int length = (mebibytes << 20) / 3 / 4;
    float[] a = new float[length];
    float[] b = new float[length];
    float[] c = new float[length];
    double seconds =
        best(
            pool,
            threads,
            t -> {
              int from = (int) ((long) length * t / threads);
              int to = (int) ((long) length * (t + 1) / threads);
              for (int sweep = 0; sweep < sweeps; sweep++) {
                triad(a, b, c, from, to);
              }
            });
    return 12.0 * length * sweeps / seconds / 1e9;
  }

  private static void triad(float[] a, float[] b, float[] c, int from, int to) {
    FloatVector s = FloatVector.broadcast(SPECIES, 3);
    int bound = from + SPECIES.loopBound(to - from);
    for (int i = from; i < bound; i += SPECIES.length()) {
      FloatVector.fromArray(SPECIES, c, i)
          .fma(s, FloatVector.fromArray(SPECIES, b, i))
          .intoArray(a, i);
    }
  }

  /** Independent chains x = x*m + c, whose values stay near c/(1-m) = 1. */
  private static float multiplyAdds(float seed) {
    FloatVector m = FloatVector.broadcast(SPECIES, 0.5f);
    FloatVector c = FloatVector.broadcast(SPECIES, 0.5f);
    FloatVector x0 = FloatVector.broadcast(SPECIES, seed);
    FloatVector x1 = x0.add(0.01f);
    FloatVector x2 = x0.add(0.02f);
    FloatVector x3 = x0.add(0.03f);
    FloatVector x4 = x0.add(0.04f);
    FloatVector x5 = x0.add(0.05f);
    FloatVector x6 = x0.add(0.06f);
    FloatVector x7 = x0.add(0.07f);
    FloatVector x8 = x0.add(0.08f);
    FloatVector x9 = x0.add(0.09f);
    FloatVector x10 = x0.add(0.10f);
    FloatVector x11 = x0.add(0.11f);
    for (int round = 0; round < ROUNDS; round++) {
      x0 = x0.fma(m, c);
      x1 = x1.fma(m, c);
      x2 = x2.fma(m, c);
      x3 = x3.fma(m, c);
      x4 = x4.fma(m, c);
      x5 = x5.fma(m, c);
      x6 = x6.fma(m, c);
      x7 = x7.fma(m, c);
      x8 = x8.fma(m, c);
      x9 = x9.fma(m, c);
      x10 = x10.fma(m, c);
      x11 = x11.fma(m, c);
    }
    return x0.add(x1)
        .add(x2)
        .add(x3)
        .add(x4)
        .add(x5)
        .add(x6)
        .add(x7)
        .add(x8)
        .add(x9)
        .add(x10)
        .add(x11)
        .reduceLanes(VectorOperators.ADD);
  }
}
