package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops over one chunk that batch normalisation, the mixed sum and the row sums share; see
 * {@link Columns}. Positions {@code from} to {@code to} are counted from the offsets of the arrays,
 * coefficients and accumulators lie at their offsets in {@code tiles}.
 */
final class TileLoops {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  private TileLoops() {}

  /** sum += x. */
  static void sum(Columns columns, int from, int to, float[] x, int xo, float[] tiles, int sum) {
    for (int tile = from; tile < to; tile += columns.tile()) {
      sum(Math.min(columns.tile(), to - tile), x, xo + tile, tiles, sum);
    }
  }

  private static void sum(int length, float[] x, int xo, float[] tiles, int sum) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      FloatVector.fromArray(S, tiles, sum + i)
          .add(FloatVector.fromArray(S, x, xo + i))
          .intoArray(tiles, sum + i);
    }
    for (; i < length; i++) {
      tiles[sum + i] += x[xo + i];
    }
  }

  /** sum += x - mean, squares += (x - mean)^2. */
  static void centredSums(
      Columns columns,
      int from,
      int to,
      float[] x,
      int xo,
      float[] tiles,
      int mean,
      int sum,
      int squares) {
    for (int tile = from; tile < to; tile += columns.tile()) {
      centredSums(Math.min(columns.tile(), to - tile), x, xo + tile, tiles, mean, sum, squares);
    }
  }

  private static void centredSums(
      int length, float[] x, int xo, float[] tiles, int mean, int sum, int squares) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var d = FloatVector.fromArray(S, x, xo + i).sub(FloatVector.fromArray(S, tiles, mean + i));
      FloatVector.fromArray(S, tiles, sum + i).add(d).intoArray(tiles, sum + i);
      d.fma(d, FloatVector.fromArray(S, tiles, squares + i)).intoArray(tiles, squares + i);
    }
    for (; i < length; i++) {
      float d = x[xo + i] - tiles[mean + i];
      tiles[sum + i] += d;
      tiles[squares + i] += d * d;
    }
  }

  /** products += g*(x - mean). */
  static void products(
      Columns columns,
      int from,
      int to,
      float[] g,
      int go,
      float[] x,
      int xo,
      float[] means,
      int mean,
      float[] tiles,
      int products) {
    for (int tile = from; tile < to; tile += columns.tile()) {
      int length = Math.min(columns.tile(), to - tile);
      products(length, g, go + tile, x, xo + tile, means, mean, tiles, products);
    }
  }

  private static void products(
      int length,
      float[] g,
      int go,
      float[] x,
      int xo,
      float[] means,
      int mean,
      float[] tiles,
      int products) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var d = FloatVector.fromArray(S, x, xo + i).sub(FloatVector.fromArray(S, means, mean + i));
      d.fma(FloatVector.fromArray(S, g, go + i), FloatVector.fromArray(S, tiles, products + i))
          .intoArray(tiles, products + i);
    }
    for (; i < length; i++) {
      tiles[products + i] += g[go + i] * (x[xo + i] - means[mean + i]);
    }
  }

  /** y = (x - mean)*scale + shift; coefficients in that order. */
  static void affine(
      Columns columns, int from, int to, float[] x, int xo, float[] tiles, float[] y, int yo) {
    int size = columns.tile();
    for (int tile = from; tile < to; tile += size) {
      affine(Math.min(size, to - tile), size, x, xo + tile, tiles, y, yo + tile);
    }
  }

  private static void affine(
      int length, int size, float[] x, int xo, float[] tiles, float[] y, int yo) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      FloatVector.fromArray(S, x, xo + i)
          .sub(FloatVector.fromArray(S, tiles, i))
          .fma(
              FloatVector.fromArray(S, tiles, size + i),
              FloatVector.fromArray(S, tiles, 2 * size + i))
          .intoArray(y, yo + i);
    }
    for (; i < length; i++) {
      y[yo + i] = Math.fma(x[xo + i] - tiles[i], tiles[size + i], tiles[2 * size + i]);
    }
  }

  /**
   * dx (+)= a*g + b*(x - mean) + c: what batch normalisation hands down. The mean is taken off
   * first, since b*x + c would lose what they have in common. Coefficients mean, a, b, c from
   * {@code coefficient}.
   */
  static void affineGrad(
      Columns columns,
      int from,
      int to,
      float[] g,
      int go,
      float[] x,
      int xo,
      float[] tiles,
      int coefficient,
      float[] dx,
      int dxo,
      boolean add) {
    int size = columns.tile();
    for (int tile = from; tile < to; tile += size) {
      int length = Math.min(size, to - tile);
      if (add) {
        addAffineGrad(length, size, g, go + tile, x, xo + tile, tiles, coefficient, dx, dxo + tile);
      } else {
        setAffineGrad(length, size, g, go + tile, x, xo + tile, tiles, coefficient, dx, dxo + tile);
      }
    }
  }

  private static void setAffineGrad(
      int length,
      int size,
      float[] g,
      int go,
      float[] x,
      int xo,
      float[] tiles,
      int mean,
      float[] dx,
      int dxo) {
    int a = mean + size;
    int b = a + size;
    int c = b + size;
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var direct =
          FloatVector.fromArray(S, g, go + i)
              .fma(FloatVector.fromArray(S, tiles, a + i), FloatVector.fromArray(S, tiles, c + i));
      FloatVector.fromArray(S, x, xo + i)
          .sub(FloatVector.fromArray(S, tiles, mean + i))
          .fma(FloatVector.fromArray(S, tiles, b + i), direct)
          .intoArray(dx, dxo + i);
    }
    for (; i < length; i++) {
      float direct = Math.fma(g[go + i], tiles[a + i], tiles[c + i]);
      dx[dxo + i] = Math.fma(x[xo + i] - tiles[mean + i], tiles[b + i], direct);
    }
  }

  private static void addAffineGrad(
      int length,
      int size,
      float[] g,
      int go,
      float[] x,
      int xo,
      float[] tiles,
      int mean,
      float[] dx,
      int dxo) {
    int a = mean + size;
    int b = a + size;
    int c = b + size;
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var direct =
          FloatVector.fromArray(S, g, go + i)
              .fma(FloatVector.fromArray(S, tiles, a + i), FloatVector.fromArray(S, tiles, c + i));
      FloatVector.fromArray(S, x, xo + i)
          .sub(FloatVector.fromArray(S, tiles, mean + i))
          .fma(FloatVector.fromArray(S, tiles, b + i), direct)
          .add(FloatVector.fromArray(S, dx, dxo + i))
          .intoArray(dx, dxo + i);
    }
    for (; i < length; i++) {
      float direct = Math.fma(g[go + i], tiles[a + i], tiles[c + i]);
      dx[dxo + i] += Math.fma(x[xo + i] - tiles[mean + i], tiles[b + i], direct);
    }
  }
}
