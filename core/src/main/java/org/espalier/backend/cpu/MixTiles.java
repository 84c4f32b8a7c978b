package org.espalier.backend.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops of {@link SimdMix} over one chunk. Load, arithmetic and store of a block of terms stand
 * in one method: a vector that crosses a call which is not inlined is put on the heap.
 */
final class MixTiles {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  /**
   * Tiles that the sum stays in, from its first term to its last: 16 KiB of y, within the L1 cache.
   */
  private static final int BLOCK = 8;

  private MixTiles() {}

  /**
   * y = sum over the terms of (x - mean)*scale; coefficients mean, scale of the first term, of the
   * second, ...
   */
  static void sum(Columns columns, int from, int to, CpuBuffer[] x, float[] tiles, CpuBuffer y) {
    int step = BLOCK * columns.tile();
    for (int block = from; block < to; block += step) {
      int end = Math.min(to, block + step);
      Arrays.fill(y.data(), y.offset() + block, y.offset() + end, 0);
      int t = 0;
      for (; t + 4 <= x.length; t += 4) {
        for (int at = block; at < end; at += columns.tile()) {
          addFour(columns.tile(), Math.min(columns.tile(), end - at), at, x, t, tiles, y);
        }
      }
      for (; t + 2 <= x.length; t += 2) {
        for (int at = block; at < end; at += columns.tile()) {
          addTwo(columns.tile(), Math.min(columns.tile(), end - at), at, x, t, tiles, y);
        }
      }
      for (; t < x.length; t++) {
        for (int at = block; at < end; at += columns.tile()) {
          addOne(columns.tile(), Math.min(columns.tile(), end - at), at, x, t, tiles, y);
        }
      }
    }
  }

  private static void addFour(
      int tile, int length, int at, CpuBuffer[] x, int t, float[] tiles, CpuBuffer y) {
    float[] x0 = x[t].data();
    float[] x1 = x[t + 1].data();
    float[] x2 = x[t + 2].data();
    float[] x3 = x[t + 3].data();
    int o0 = x[t].offset() + at;
    int o1 = x[t + 1].offset() + at;
    int o2 = x[t + 2].offset() + at;
    int o3 = x[t + 3].offset() + at;
    int c0 = t * 2 * tile;
    int c1 = c0 + 2 * tile;
    int c2 = c1 + 2 * tile;
    int c3 = c2 + 2 * tile;
    float[] target = y.data();
    int yo = y.offset() + at;
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var d0 = FloatVector.fromArray(S, x0, o0 + i).sub(FloatVector.fromArray(S, tiles, c0 + i));
      var d1 = FloatVector.fromArray(S, x1, o1 + i).sub(FloatVector.fromArray(S, tiles, c1 + i));
      var d2 = FloatVector.fromArray(S, x2, o2 + i).sub(FloatVector.fromArray(S, tiles, c2 + i));
      var d3 = FloatVector.fromArray(S, x3, o3 + i).sub(FloatVector.fromArray(S, tiles, c3 + i));
      var sum =
          d0.fma(
              FloatVector.fromArray(S, tiles, c0 + tile + i),
              FloatVector.fromArray(S, target, yo + i));
      sum = d1.fma(FloatVector.fromArray(S, tiles, c1 + tile + i), sum);
      sum = d2.fma(FloatVector.fromArray(S, tiles, c2 + tile + i), sum);
      sum = d3.fma(FloatVector.fromArray(S, tiles, c3 + tile + i), sum);
      sum.intoArray(target, yo + i);
    }
    for (; i < length; i++) {
      float sum = Math.fma(x0[o0 + i] - tiles[c0 + i], tiles[c0 + tile + i], target[yo + i]);
      sum = Math.fma(x1[o1 + i] - tiles[c1 + i], tiles[c1 + tile + i], sum);
      sum = Math.fma(x2[o2 + i] - tiles[c2 + i], tiles[c2 + tile + i], sum);
      target[yo + i] = Math.fma(x3[o3 + i] - tiles[c3 + i], tiles[c3 + tile + i], sum);
    }
  }

  private static void addTwo(
      int tile, int length, int at, CpuBuffer[] x, int t, float[] tiles, CpuBuffer y) {
    float[] x0 = x[t].data();
    float[] x1 = x[t + 1].data();
    int o0 = x[t].offset() + at;
    int o1 = x[t + 1].offset() + at;
    int c0 = t * 2 * tile;
    int c1 = c0 + 2 * tile;
    float[] target = y.data();
    int yo = y.offset() + at;
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var d0 = FloatVector.fromArray(S, x0, o0 + i).sub(FloatVector.fromArray(S, tiles, c0 + i));
      var d1 = FloatVector.fromArray(S, x1, o1 + i).sub(FloatVector.fromArray(S, tiles, c1 + i));
      var sum =
          d0.fma(
              FloatVector.fromArray(S, tiles, c0 + tile + i),
              FloatVector.fromArray(S, target, yo + i));
      d1.fma(FloatVector.fromArray(S, tiles, c1 + tile + i), sum).intoArray(target, yo + i);
    }
    for (; i < length; i++) {
      float sum = Math.fma(x0[o0 + i] - tiles[c0 + i], tiles[c0 + tile + i], target[yo + i]);
      target[yo + i] = Math.fma(x1[o1 + i] - tiles[c1 + i], tiles[c1 + tile + i], sum);
    }
  }

  private static void addOne(
      int tile, int length, int at, CpuBuffer[] x, int t, float[] tiles, CpuBuffer y) {
    float[] x0 = x[t].data();
    int o0 = x[t].offset() + at;
    int c0 = t * 2 * tile;
    float[] target = y.data();
    int yo = y.offset() + at;
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      FloatVector.fromArray(S, x0, o0 + i)
          .sub(FloatVector.fromArray(S, tiles, c0 + i))
          .fma(
              FloatVector.fromArray(S, tiles, c0 + tile + i),
              FloatVector.fromArray(S, target, yo + i))
          .intoArray(target, yo + i);
    }
    for (; i < length; i++) {
      target[yo + i] = Math.fma(x0[o0 + i] - tiles[c0 + i], tiles[c0 + tile + i], target[yo + i]);
    }
  }

  /**
   * totals[1 + i] += g*(x - mean) for the i-th value; its mean is that of term {@code terms[i]}.
   */
  static void products(
      Columns columns,
      int from,
      int to,
      CpuBuffer g,
      CpuBuffer[] x,
      float[] means,
      int[] terms,
      float[] totals) {
    int tile = columns.tile();
    int i = 0;
    for (; i + 4 <= x.length; i += 4) {
      for (int at = from; at < to; at += tile) {
        addFourProducts(tile, Math.min(tile, to - at), at, g, x, i, means, terms, totals);
      }
    }
    for (; i < x.length; i++) {
      TileLoops.products(
          columns,
          from,
          to,
          g.data(),
          g.offset(),
          x[i].data(),
          x[i].offset(),
          means,
          terms[i] * tile,
          totals,
          (1 + i) * tile);
    }
  }

  private static void addFourProducts(
      int tile,
      int length,
      int at,
      CpuBuffer g,
      CpuBuffer[] x,
      int t,
      float[] means,
      int[] terms,
      float[] totals) {
    float[] x0 = x[t].data();
    float[] x1 = x[t + 1].data();
    float[] x2 = x[t + 2].data();
    float[] x3 = x[t + 3].data();
    int o0 = x[t].offset() + at;
    int o1 = x[t + 1].offset() + at;
    int o2 = x[t + 2].offset() + at;
    int o3 = x[t + 3].offset() + at;
    int m0 = terms[t] * tile;
    int m1 = terms[t + 1] * tile;
    int m2 = terms[t + 2] * tile;
    int m3 = terms[t + 3] * tile;
    int s0 = (1 + t) * tile;
    int s1 = s0 + tile;
    int s2 = s1 + tile;
    int s3 = s2 + tile;
    float[] upstream = g.data();
    int go = g.offset() + at;
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var dy = FloatVector.fromArray(S, upstream, go + i);
      var d0 = FloatVector.fromArray(S, x0, o0 + i).sub(FloatVector.fromArray(S, means, m0 + i));
      var d1 = FloatVector.fromArray(S, x1, o1 + i).sub(FloatVector.fromArray(S, means, m1 + i));
      var d2 = FloatVector.fromArray(S, x2, o2 + i).sub(FloatVector.fromArray(S, means, m2 + i));
      var d3 = FloatVector.fromArray(S, x3, o3 + i).sub(FloatVector.fromArray(S, means, m3 + i));
      d0.fma(dy, FloatVector.fromArray(S, totals, s0 + i)).intoArray(totals, s0 + i);
      d1.fma(dy, FloatVector.fromArray(S, totals, s1 + i)).intoArray(totals, s1 + i);
      d2.fma(dy, FloatVector.fromArray(S, totals, s2 + i)).intoArray(totals, s2 + i);
      d3.fma(dy, FloatVector.fromArray(S, totals, s3 + i)).intoArray(totals, s3 + i);
    }
    for (; i < length; i++) {
      float dy = upstream[go + i];
      totals[s0 + i] += dy * (x0[o0 + i] - means[m0 + i]);
      totals[s1 + i] += dy * (x1[o1 + i] - means[m1 + i]);
      totals[s2 + i] += dy * (x2[o2 + i] - means[m2 + i]);
      totals[s3 + i] += dy * (x3[o3 + i] - means[m3 + i]);
    }
  }
}
