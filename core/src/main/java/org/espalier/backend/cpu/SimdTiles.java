package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.espalier.backend.Conv;

/**
 * Images cut into tiles of 4x4 results, which read 6x6 values each and so overlap, and the
 * transforms of Winograd's F(4x4, 3x3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural
 * Networks", arXiv:1509.09308, section 4):
 *
 * <pre>
 *   result   Y = At (U * V) A    of U = G g Gt and V = Bt d B, multiplied place by place
 *   weight   g += Gt (V * D) G   of D = A dY At
 *
 *        1  0 -5/2   0   1  0           1     0     0
 *        0 -r  -2    h   1  0         -2/3 -2/3h  -1/3          1  1   1    1   1  0
 *   Bt = 0  r  -2   -h   1  0     G = -2/3  2/3h  -1/3     At = 0  h  -h    r  -r  0
 *        0 -h -1/2   r   1  0          1/6  1/6r   1/3          0 1/2 1/2   2   2  0
 *        0  h -1/2  -r   1  0          1/6 -1/6r   1/3          0 h/2 -h/2 2r -2r  1
 *        0  1   0  -5/2  0  1           0     0     1
 * </pre>
 *
 * with r the root of 2 and h that of 1/2: at these points, 0, h, -h, r, -r and infinity, errors are
 * half as large as at Lavin and Gray's, 0, 1, -1, 2, -2 and infinity (see bench/RESULTS.md).
 *
 * <p>The places of all tiles lie {@code [place, tile, channels]}, the places {@code stride} apart,
 * so that what was a convolution is a product of matrices for each place.
 *
 * @param images that are worked on together: several where one has few tiles
 * @param down rows of tiles of an image
 * @param across tiles in a row
 * @param rows of tiles that are worked on at a time, while they are in the cache
 */
record SimdTiles(int images, int h, int w, int down, int across, int rows) {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = S.length();

  /** Results of a tile along an axis. */
  private static final int SIZE = 4;

  /** Values that they are made of, and places of what is multiplied. */
  static final int REACH = 6;

  /** Places of a tile. */
  static final int PLACES = REACH * REACH;

  static final float ROOT = (float) Math.sqrt(2);
  static final float HALF_ROOT = (float) Math.sqrt(0.5);
  private static final float TWICE_ROOT = (float) Math.sqrt(8);
  private static final float QUARTER_ROOT = (float) Math.sqrt(0.125);

  /** Tiles at a time: few enough for the cache, enough for the products. */
  private static final int MOST = 16;

  /** Parts that a batch is not left with less of, for the sake of the threads. */
  private static final int PARTS = 16;

  static SimdTiles of(Conv conv) {
    int down = Math.ceilDiv(conv.h(), SIZE);
    int across = Math.ceilDiv(conv.w(), SIZE);
    int images = Math.clamp(conv.n() / PARTS, 1, Math.max(1, MOST / (down * across)));
    while (conv.n() % images != 0) {
      images--;
    }
    int rows = images * down;
    while (rows > 1 && (rows * across > MOST || images * down % rows != 0)) {
      rows--;
    }
    return new SimdTiles(images, conv.h(), conv.w(), down, across, rows);
  }

  /** Rows of tiles of all images. */
  int lines() {
    return images * down;
  }

  /** Tiles at a time. */
  int count() {
    return rows * across;
  }

  /**
   * Floats from one place to the next. The vector more than is needed keeps the places of a tile
   * out of each other's way in the cache.
   */
  int stride(int channels) {
    return count() * channels + LANES;
  }

  /** Floats of all places, with what may be read beyond. */
  int size(int channels) {
    return PLACES * stride(channels) + LANES;
  }

  /** Floats of a row of tiles that is transformed along one axis. */
  int lineSize(int channels) {
    return REACH * pitch(channels) + LANES;
  }

  /** Floats from one line of such a row to the next. */
  private int pitch(int channels) {
    return (SIZE * across + 2) * channels + 2 * LANES;
  }

  /** The framed image with room for all that tiles read. */
  SimdFrame cover(SimdFrame frame) {
    return new SimdFrame(
        frame.h(),
        frame.w(),
        frame.c(),
        frame.top(),
        frame.left(),
        Math.max(frame.framedH(), frame.top() + SIZE * down + 1),
        Math.max(frame.framedW(), frame.left() + SIZE * across + 1));
  }

  /** Where what tiles read of a line begins, from the framed pixel that the first begins with. */
  private int begin(SimdFrame frame, int line) {
    return line / down * frame.size() + SIZE * (line % down) * frame.rowSize();
  }

  // Each transform is one method, which goes first down the columns and then along the rows: two
  // loops are more than the compiler takes in line, and a smaller method is taken in line by its
  // caller together with others; vectors would go through memory.

  /**
   * V of the tiles from row {@code first} on.
   *
   * @param at the frame's first value that they read
   * @param t scratch of {@link #lineSize} floats
   */
  void input(
      SimdFrame frame, float[] x, int at, int first, int channels, CpuBuffer v, CpuBuffer t) {
    int c = frame.c();
    for (int row = 0; row < rows; row++) {
      int top = at + begin(frame, first + row);
      int target = v.offset() + row * across * channels;
      for (int line = -1; line < REACH; line++) {
        boolean columns = line < 0;
        float[] from = columns ? x : t.data();
        float[] to = columns ? t.data() : v.data();
        int d = columns ? top : t.offset() + line * pitch(c);
        int place = columns ? t.offset() : target + line * REACH * stride(channels);
        int step = columns ? frame.rowSize() : c;
        int stride = columns ? pitch(c) : stride(channels);
        int end = columns ? (SIZE * across + 2) * c : across * channels;
        int each = columns ? end : channels;
        for (int n = 0, i = 0; n < end; n += LANES) {
          FloatVector d1 = load(from, d + step);
          FloatVector d2 = load(from, d + 2 * step);
          FloatVector d3 = load(from, d + 3 * step);
          FloatVector d4 = load(from, d + 4 * step);
          FloatVector ends = load(from, d).add(d4);
          d2.fma(of(-2.5f), ends).intoArray(to, place + n);
          FloatVector even = d2.fma(of(-2), d4);
          FloatVector odd = d1.fma(of(-2), d3);
          odd.fma(of(HALF_ROOT), even).intoArray(to, place + n + stride);
          odd.fma(of(-HALF_ROOT), even).intoArray(to, place + n + 2 * stride);
          even = d2.fma(of(-0.5f), d4);
          odd = d1.fma(of(-0.5f), d3);
          odd.fma(of(ROOT), even).intoArray(to, place + n + 3 * stride);
          odd.fma(of(-ROOT), even).intoArray(to, place + n + 4 * stride);
          ends = load(from, d + 5 * step).add(d1);
          d3.fma(of(-2.5f), ends).intoArray(to, place + n + 5 * stride);
          i += LANES;
          d += LANES;
          if (i == each) {
            i = 0;
            d += SIZE * c - each;
          }
        }
      }
    }
  }

  /** D of the tiles from row {@code first} on; {@code at} is the first value of the gradient. */
  void gradient(
      SimdFrame frame, float[] dy, int at, int first, int channels, CpuBuffer d, CpuBuffer t) {
    int c = frame.c();
    for (int row = 0; row < rows; row++) {
      int top = at + begin(frame, first + row);
      int target = d.offset() + row * across * channels;
      for (int line = -1; line < REACH; line++) {
        boolean columns = line < 0;
        float[] from = columns ? dy : t.data();
        float[] to = columns ? t.data() : d.data();
        int y = columns ? top : t.offset() + line * pitch(c);
        int place = columns ? t.offset() : target + line * REACH * stride(channels);
        int step = columns ? frame.rowSize() : c;
        int stride = columns ? pitch(c) : stride(channels);
        int end = columns ? SIZE * across * c : across * channels;
        int each = columns ? end : channels;
        for (int n = 0, i = 0; n < end; n += LANES) {
          FloatVector y0 = load(from, y);
          FloatVector y1 = load(from, y + step);
          FloatVector y2 = load(from, y + 2 * step);
          FloatVector y3 = load(from, y + 3 * step);
          y0.intoArray(to, place + n);
          FloatVector even = y2.fma(of(0.5f), y0);
          FloatVector odd = y3.fma(of(0.5f), y1);
          odd.fma(of(HALF_ROOT), even).intoArray(to, place + n + stride);
          odd.fma(of(-HALF_ROOT), even).intoArray(to, place + n + 2 * stride);
          even = y2.fma(of(2), y0);
          odd = y3.fma(of(2), y1);
          odd.fma(of(ROOT), even).intoArray(to, place + n + 3 * stride);
          odd.fma(of(-ROOT), even).intoArray(to, place + n + 4 * stride);
          y3.intoArray(to, place + n + 5 * stride);
          i += LANES;
          y += LANES;
          if (i == each) {
            i = 0;
            y += SIZE * c - each;
          }
        }
      }
    }
  }

  /**
   * Y of the tiles from row {@code first} on: {@code count} columns of the products {@code m
   * [place, tile, channels]} from {@code column} on, to {@code y [images, h, w, pitch]}.
   *
   * @param t scratch of {@link #lineSize} floats
   */
  void output(
      CpuBuffer m,
      int first,
      int channels,
      int column,
      int count,
      float[] y,
      int atY,
      int pitch,
      CpuBuffer t) {
    int padded = SimdPanels.padded(count);
    int part = across * padded;
    for (int row = 0; row < rows; row++) {
      int source = m.offset() + row * across * channels + column;
      int top = SIZE * ((first + row) % down);
      int target = atY + ((first + row) / down * h + top) * w * pitch;
      for (int line = -REACH; line < Math.min(SIZE, h - top); line++) {
        boolean columns = line < 0;
        float[] from = columns ? m.data() : t.data();
        float[] to = columns ? t.data() : y;
        int at =
            columns ? source + (line + REACH) * stride(channels) : t.offset() + line * REACH * part;
        int place = columns ? t.offset() + (line + REACH) * part : target + line * w * pitch;
        int step = columns ? REACH * stride(channels) : part;
        int stride = columns ? REACH * part : pitch;
        int edge = columns ? SIZE * across : w;
        int valid = columns ? padded : count;
        for (int n = 0, i = 0, left = 0; n < part; n += LANES) {
          // What has no place is written to that of the first, and over it what has.
          int second = left + 1 < edge ? stride : 0;
          int third = left + 2 < edge ? 2 * stride : 0;
          int fourth = left + 3 < edge ? 3 * stride : 0;
          VectorMask<Float> mask = S.indexInRange(i, valid);
          FloatVector m1 = load(from, at + step);
          FloatVector m2 = load(from, at + 2 * step);
          FloatVector m3 = load(from, at + 3 * step);
          FloatVector m4 = load(from, at + 4 * step);
          FloatVector d1 = m1.sub(m2);
          FloatVector d2 = m3.sub(m4);
          FloatVector last = d1.fma(of(QUARTER_ROOT), load(from, at + 5 * step));
          d2.fma(of(TWICE_ROOT), last).intoArray(to, place + fourth, mask);
          FloatVector s1 = m1.add(m2);
          FloatVector s2 = m3.add(m4);
          s1.fma(of(0.5f), s2.add(s2)).intoArray(to, place + third, mask);
          d1.fma(of(HALF_ROOT), d2.mul(of(ROOT))).intoArray(to, place + second, mask);
          load(from, at).add(s1.add(s2)).intoArray(to, place, mask);
          i += LANES;
          at += LANES;
          place += LANES;
          if (i == padded) {
            i = 0;
            left += SIZE;
            at += columns ? channels - padded : 0;
            place += columns ? 0 : SIZE * pitch - padded;
          }
        }
      }
    }
  }

  private static FloatVector load(float[] x, int at) {
    return FloatVector.fromArray(S, x, at);
  }

  private static FloatVector of(float value) {
    return FloatVector.broadcast(S, value);
  }
}
