package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * The transforms of Winograd's F(2x2, 3x3) over an image cut into tiles of 2x2 results, which read
 * 4x4 values each and so overlap (Lavin and Gray, CVPR 2016, section 4.1):
 *
 * <pre>
 *   result   Y = At (U * V) A    of U = G g Gt and V = Bt d B, multiplied place by place
 *   weight   g += Gt (V * D) G   of D = A dY At
 *
 *        1  0 -1  0          1   0   0
 *   Bt = 0  1  1  0     G = .5  .5  .5     At = 1  1  1  0
 *        0 -1  1  0         .5 -.5  .5          0  1 -1 -1
 *        0  1  0 -1          0   0   1
 * </pre>
 *
 * <p>The sixteen places of all tiles lie {@code [place, tile, channels]}, the places {@code stride}
 * apart, so that what was a convolution is sixteen products of matrices.
 *
 * @param down rows of tiles
 * @param across tiles in a row
 * @param rows of tiles that are worked on at a time, while they are in the cache
 */
record SimdTiles(int h, int w, int down, int across, int rows) {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = S.length();

  /** Places of a tile. */
  static final int PLACES = 16;

  /** Tiles at a time: few enough for the cache, enough for the products. */
  private static final int MOST = 32;

  static SimdTiles of(int h, int w) {
    int down = (h + 1) / 2;
    int across = (w + 1) / 2;
    int rows = down;
    while (rows > 1 && (rows * across > MOST || down % rows != 0)) {
      rows--;
    }
    return new SimdTiles(h, w, down, across, rows);
  }

  /** Tiles at a time. */
  int count() {
    return rows * across;
  }

  /**
   * Floats from one place to the next. The vector more than is needed keeps the sixteen of a tile
   * out of each other's way in the cache.
   */
  int stride(int channels) {
    return count() * channels + LANES;
  }

  /** Floats of all places, with what may be read beyond. */
  int size(int channels) {
    return PLACES * stride(channels) + LANES;
  }

  /** V of the tiles from row {@code first} on; {@code at} is the frame's first value they read. */
  void input(SimdFrame frame, float[] x, int at, int first, int channels, float[] v, int atV) {
    // In two loops, since all in one is more than the compiler takes in line, and vectors would go
    // through memory.
    int row = frame.rowSize();
    for (int i = 0; i < rows; i++) {
      int from = at + 2 * (first + i) * row;
      int to = atV + i * across * channels;
      middle(x, from + row, row, frame.c(), channels, v, to);
      outer(x, from, row, frame.c(), channels, v, to);
    }
  }

  /** The two middle rows of V, for one row of tiles. */
  private void middle(float[] x, int at, int row, int c, int channels, float[] v, int atV) {
    int stride = stride(channels);
    int to = atV + 4 * stride;
    for (int tile = 0; tile < across; tile++) {
      for (int i = 0; i < channels; i += LANES) {
        int d = at + 2 * tile * c + i;
        FloatVector p0 = load(x, d);
        FloatVector p1 = load(x, d + c);
        FloatVector p2 = load(x, d + 2 * c);
        FloatVector p3 = load(x, d + 3 * c);
        d += row;
        FloatVector q0 = load(x, d);
        FloatVector q1 = load(x, d + c);
        FloatVector q2 = load(x, d + 2 * c);
        FloatVector q3 = load(x, d + 3 * c);
        columns(p0.add(q0), p1.add(q1), p2.add(q2), p3.add(q3), v, to + i, stride);
        columns(q0.sub(p0), q1.sub(p1), q2.sub(p2), q3.sub(p3), v, to + i + 4 * stride, stride);
      }
      to += channels;
    }
  }

  /** Its first and last row. */
  private void outer(float[] x, int at, int row, int c, int channels, float[] v, int atV) {
    int stride = stride(channels);
    for (int last = 0; last < 2; last++) {
      int to = atV + last * 12 * stride;
      for (int tile = 0; tile < across; tile++) {
        for (int i = 0; i < channels; i += LANES) {
          int p = at + last * row + 2 * tile * c + i;
          int q = p + 2 * row;
          columns(
              load(x, p).sub(load(x, q)),
              load(x, p + c).sub(load(x, q + c)),
              load(x, p + 2 * c).sub(load(x, q + 2 * c)),
              load(x, p + 3 * c).sub(load(x, q + 3 * c)),
              v,
              to + i,
              stride);
        }
        to += channels;
      }
    }
  }

  private static void columns(
      FloatVector t0,
      FloatVector t1,
      FloatVector t2,
      FloatVector t3,
      float[] v,
      int to,
      int stride) {
    t0.sub(t2).intoArray(v, to);
    t1.add(t2).intoArray(v, to + stride);
    t2.sub(t1).intoArray(v, to + 2 * stride);
    t1.sub(t3).intoArray(v, to + 3 * stride);
  }

  /** D of the tiles from row {@code first} on; {@code at} is the first value of the gradient. */
  void gradient(SimdFrame frame, float[] dy, int at, int first, int channels, float[] d, int atD) {
    int c = frame.c();
    int stride = stride(channels);
    int to = atD;
    for (int row = 0; row < rows; row++) {
      int from = at + 2 * (first + row) * frame.rowSize();
      for (int tile = 0; tile < across; tile++) {
        for (int i = 0; i < channels; i += LANES) {
          int upper = from + 2 * tile * c + i;
          int lower = upper + frame.rowSize();
          FloatVector p0 = load(dy, upper);
          FloatVector p1 = load(dy, upper + c);
          FloatVector q0 = load(dy, lower);
          FloatVector q1 = load(dy, lower + c);
          spread(p0, p1, d, to + i, stride);
          spread(p0.add(q0), p1.add(q1), d, to + i + 4 * stride, stride);
          spread(p0.sub(q0), p1.sub(q1), d, to + i + 8 * stride, stride);
          spread(q0.neg(), q1.neg(), d, to + i + 12 * stride, stride);
        }
        to += channels;
      }
    }
  }

  private static void spread(FloatVector a, FloatVector b, float[] d, int to, int stride) {
    a.intoArray(d, to);
    a.add(b).intoArray(d, to + stride);
    a.sub(b).intoArray(d, to + 2 * stride);
    b.neg().intoArray(d, to + 3 * stride);
  }

  /**
   * Y of the tiles from row {@code first} on: {@code count} columns of the products {@code m
   * [place, tile, channels]} from {@code column} on, to {@code y [h, w, pitch]}.
   */
  void output(
      float[] m,
      int atM,
      int first,
      int channels,
      int column,
      int count,
      float[] y,
      int atY,
      int pitch) {
    for (int i = 0; i < count; i += LANES) {
      int lanes = Math.min(LANES, count - i);
      for (int row = 0; row < rows; row++) {
        int from = atM + row * across * channels + column + i;
        int line = 2 * (first + row);
        int to = atY + line * w * pitch + i;
        outputLine(m, from, channels, y, to, pitch, line + 1 < h ? w * pitch : 0, lanes);
      }
    }
  }

  /** Y of a row of tiles. What has no place in it is written first, and over it what has. */
  private void outputLine(
      float[] m, int atM, int channels, float[] y, int atY, int pitch, int below, int lanes) {
    VectorMask<Float> mask = S.indexInRange(0, lanes);
    int s = stride(channels);
    for (int tile = 0; tile < across; tile++) {
      int from = atM + tile * channels;
      int to = atY + 2 * tile * pitch;
      int right = 2 * tile + 1 < w ? pitch : 0;
      FloatVector p0 = load(m, from + 4 * s);
      FloatVector p1 = load(m, from + 5 * s);
      FloatVector p2 = load(m, from + 6 * s);
      FloatVector p3 = load(m, from + 7 * s);
      FloatVector q0 = load(m, from + 8 * s);
      FloatVector q1 = load(m, from + 9 * s);
      FloatVector q2 = load(m, from + 10 * s);
      FloatVector q3 = load(m, from + 11 * s);
      FloatVector t0 = p0.sub(q0).sub(load(m, from + 12 * s));
      FloatVector t1 = p1.sub(q1).sub(load(m, from + 13 * s));
      FloatVector t2 = p2.sub(q2).sub(load(m, from + 14 * s));
      FloatVector t3 = p3.sub(q3).sub(load(m, from + 15 * s));
      t1.sub(t2).sub(t3).intoArray(y, to + below + right, mask);
      t0.add(t1).add(t2).intoArray(y, to + below, mask);
      t0 = p0.add(q0).add(load(m, from));
      t1 = p1.add(q1).add(load(m, from + s));
      t2 = p2.add(q2).add(load(m, from + 2 * s));
      t3 = p3.add(q3).add(load(m, from + 3 * s));
      t1.sub(t2).sub(t3).intoArray(y, to + right, mask);
      t0.add(t1).add(t2).intoArray(y, to, mask);
    }
  }

  private static FloatVector load(float[] x, int at) {
    return FloatVector.fromArray(S, x, at);
  }

  /** U of {@code length} kernels side by side: g {@code [3, 3]} places {@code step} apart. */
  static void kernel(float[] g, int at, int step, int length, float[] u) {
    for (int lane = 0; lane < length; lane++) {
      for (int x = 0; x < 3; x++) {
        float g0 = g[at + x * step + lane];
        float g1 = g[at + (3 + x) * step + lane];
        float g2 = g[at + (6 + x) * step + lane];
        u[x * LANES + lane] = g0;
        u[(4 + x) * LANES + lane] = 0.5f * (g0 + g1 + g2);
        u[(8 + x) * LANES + lane] = 0.5f * (g0 - g1 + g2);
        u[(12 + x) * LANES + lane] = g2;
      }
      for (int y = 0; y < PLACES; y += 4) {
        float t0 = u[y * LANES + lane];
        float t1 = u[(y + 1) * LANES + lane];
        float t2 = u[(y + 2) * LANES + lane];
        u[(y + 1) * LANES + lane] = 0.5f * (t0 + t1 + t2);
        u[(y + 2) * LANES + lane] = 0.5f * (t0 - t1 + t2);
        u[(y + 3) * LANES + lane] = t2;
      }
    }
  }

  /** dg {@code [3, 3]}, {@code step} apart, += Gt m G of {@code length} kernels side by side. */
  static void kernelGrad(float[] m, int at, int stride, float[] dg, int to, int step, int length) {
    for (int lane = 0; lane < length; lane++) {
      for (int y = 0; y < 3; y++) {
        float t0 = across(m, at + lane, 4 * stride, y);
        float t1 = across(m, at + lane + stride, 4 * stride, y);
        float t2 = across(m, at + lane + 2 * stride, 4 * stride, y);
        float t3 = across(m, at + lane + 3 * stride, 4 * stride, y);
        int row = to + 3 * y * step + lane;
        dg[row] += t0 + 0.5f * (t1 + t2);
        dg[row + step] += 0.5f * (t1 - t2);
        dg[row + 2 * step] += 0.5f * (t1 + t2) + t3;
      }
    }
  }

  private static float across(float[] m, int at, int stride, int y) {
    float m1 = m[at + stride];
    float m2 = m[at + 2 * stride];
    return switch (y) {
      case 0 -> m[at] + 0.5f * (m1 + m2);
      case 1 -> 0.5f * (m1 - m2);
      default -> 0.5f * (m1 + m2) + m[at + 3 * stride];
    };
  }
}
