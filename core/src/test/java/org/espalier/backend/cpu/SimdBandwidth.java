package org.espalier.backend.cpu;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.espalier.backend.Backend;
import org.espalier.backend.Mix;
import org.espalier.backend.Pool;
import org.espalier.backend.Unary;
import org.espalier.tensor.Rng;

/**
 * Prints GB/s of the memory-bound kernels on [64, 32, 32, C], with one thread and with two. What
 * counts is what must move at least: each operand read or written once for every pass over it.
 */
final class SimdBandwidth {
  private static final int N = 64;
  private static final int SIDE = 32;

  private record Case(String name, double floats, Runnable body) {}

  private SimdBandwidth() {}

  public static void main(String[] args) {
    int c = args.length > 0 ? Integer.parseInt(args[0]) : 16;
    System.out.printf(
        Locale.ROOT,
        "[%d, %d, %d, %d]%n%-28s %9s %9s %9s%n",
        N,
        SIDE,
        SIDE,
        c,
        "",
        "ms, 1",
        "GB/s, 1",
        "GB/s, 2");
    try (Backend one = CpuBackends.simd(1);
        Backend two = CpuBackends.simd(2)) {
      List<Case> single = cases(one, c);
      List<Case> shared = cases(two, c);
      for (int i = 0; i < single.size(); i++) {
        double seconds = best(single.get(i).body());
        double bytes = 4 * single.get(i).floats();
        System.out.printf(
            Locale.ROOT,
            "%-28s %9.3f %9.1f %9.1f%n",
            single.get(i).name(),
            seconds * 1e3,
            bytes / seconds / 1e9,
            bytes / best(shared.get(i).body()) / 1e9);
      }
    }
  }

  private static List<Case> cases(Backend b, int c) {
    int rows = N * SIDE * SIDE;
    int size = rows * c;
    CpuBuffer[] x = IntStream.range(0, 12).mapToObj(i -> normal(size, i)).toArray(CpuBuffer[]::new);
    CpuBuffer[] dx =
        IntStream.range(0, 12).mapToObj(i -> normal(size, i)).toArray(CpuBuffer[]::new);
    CpuBuffer y = normal(size, 30);
    CpuBuffer g = normal(size, 31);
    CpuBuffer row = normal(c, 32);
    CpuBuffer moments = new CpuBuffer(new float[2 * c], 0, 2 * c);
    b.moments(rows, c, x[0], moments);
    CpuBuffer weights = normal(12, 33);
    Pool average = new Pool(Pool.Kind.AVERAGE, N, SIDE, SIDE, c, 3, 1, 1);
    Pool max = new Pool(Pool.Kind.MAX, N, SIDE, SIDE, c, 3, 1, 1);
    double s = size;
    return List.of(
        new Case(
            "copy (arraycopy)", 2 * s, () -> System.arraycopy(x[0].data(), 0, y.data(), 0, size)),
        new Case("fill", s, () -> b.fill(y, 1)),
        new Case("axpby, y += x", 3 * s, () -> b.axpby(1, x[0], 1, y)),
        new Case("relu", 2 * s, () -> b.unary(Unary.RELU, x[0], y)),
        new Case(
            "relu gradient, added", 4 * s, () -> b.unaryGrad(Unary.RELU, x[0], g, dx[0], true)),
        new Case(
            "copyBlocks, pixels", 2 * s, () -> b.copyBlocks(rows, c, x[0], 0, c, y, 0, c, false)),
        new Case(
            "copyBlocks, pixels, added",
            3 * s,
            () -> b.copyBlocks(rows, c, x[0], 0, c, y, 0, c, true)),
        new Case("sumRows", s, () -> b.sumRows(rows, c, x[0], row, false)),
        new Case("addRow", 2 * s, () -> b.addRow(rows, c, x[0], row, y)),
        new Case("moments", s, () -> b.moments(rows, c, x[0], moments)),
        new Case(
            "normalize", 2 * s, () -> b.normalize(rows, c, x[0], moments, 1e-5f, null, null, y)),
        new Case(
            "normalize gradient",
            5 * s,
            () ->
                b.normalizeGrad(
                    rows, c, x[0], moments, 1e-5f, true, null, g, dx[0], false, null, null)),
        new Case("average 3x3", 2 * s, () -> b.pool(average, x[0], y)),
        new Case("average 3x3 gradient", 2 * s, () -> b.poolGrad(average, x[0], g, dx[0], false)),
        new Case("max 3x3", 2 * s, () -> b.pool(max, x[0], y)),
        new Case("max 3x3 gradient", 3 * s, () -> b.poolGrad(max, x[0], g, dx[0], false)),
        new Case(
            "mixedSum, 4 terms",
            5 * s,
            () -> b.mixedSum(mix(rows, c, 4, x, moments, dx), weights, y)),
        new Case(
            "mixedSum, 12 terms",
            13 * s,
            () -> b.mixedSum(mix(rows, c, 12, x, moments, dx), weights, y)),
        new Case(
            "mixedSum gradient, 4 terms",
            14 * s,
            () -> b.mixedSumGrad(mix(rows, c, 4, x, moments, dx), weights, g, weights)),
        new Case(
            "mixedSum gradient, 12 terms",
            38 * s,
            () -> b.mixedSumGrad(mix(rows, c, 12, x, moments, dx), weights, g, weights)),
        new Case("norm", s, () -> b.norm(x[0], row)),
        new Case("sgd", 5 * s, () -> b.sgd(x[1], g, x[2], 0, 0.9f, 1e-4f, true)),
        new Case("adam", 7 * s, () -> b.adam(x[1], g, x[2], x[3], 0, 0.9f, 0.99f, 1, 0, 1)));
  }

  private static Mix mix(
      int rows, int c, int terms, CpuBuffer[] x, CpuBuffer moments, CpuBuffer[] dx) {
    return new Mix(
        rows,
        c,
        1e-5f,
        IntStream.range(0, terms)
            .mapToObj(t -> new Mix.Term(t, x[t], moments, dx[t], false))
            .toList());
  }

  private static CpuBuffer normal(int size, long stream) {
    Rng rng = new Rng(1, stream);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = rng.bits(i) * 0x1p-31f;
    }
    return new CpuBuffer(values, 0, size);
  }

  /**
   * Seconds of the fastest of many calls, after warming up: others may be at work on the machine.
   */
  private static double best(Runnable body) {
    double[] seconds = new double[80];
    for (int i = -120; i < seconds.length; i++) {
      long start = System.nanoTime();
      body.run();
      if (i >= 0) {
        seconds[i] = (System.nanoTime() - start) * 1e-9;
      }
    }
    Arrays.sort(seconds);
    return seconds[0];
  }
}
