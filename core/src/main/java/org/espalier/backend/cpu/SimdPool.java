package org.espalier.backend.cpu;

import java.util.Arrays;
import org.espalier.backend.Pool;

/**
 * Pooling, one image to a chunk. A square window is a column of k rows followed by a row of k
 * columns, and both are sums (or maxima) of k shifted copies of a flat run of floats: full vectors
 * for any number of channels. A stride is taken care of by leaving windows out, or by zeros between
 * those that there are.
 */
final class SimdPool {
  private SimdPool() {}

  static void forward(Workers workers, Pool pool, CpuBuffer x, CpuBuffer y) {
    Geometry g = new Geometry(pool);
    float[] share = g.max ? new float[0] : columnShares(workers, pool);
    workers.parallel(
        pool.n(),
        (image, worker) -> {
          float[] padded = workers.scratch(worker, 0, g.padded);
          float[] windows = workers.scratch(worker, 1, g.windows);
          padEdges(g, padded);
          int xo = x.offset() + image * pool.h() * g.xRow;
          int yo = y.offset() + image * pool.outH() * g.yRow;
          for (int oy = 0; oy < pool.outH(); oy++, yo += g.yRow) {
            int top = g.top(oy);
            window(
                g.max, x.data(), xo + top * g.xRow, g.xRow, g.height(oy), padded, g.edge, g.xRow);
            slide(g, padded, windows, y.data(), yo);
            if (!g.max) {
              PoolRows.scaled(g.yRow, 1f / g.height(oy), share, y.data(), yo, y.data(), yo);
            }
          }
        });
  }

  static void backward(
      Workers workers, Pool pool, CpuBuffer x, CpuBuffer dy, CpuBuffer dx, boolean add) {
    Geometry g = new Geometry(pool);
    if (g.max) {
      workers.parallel(
          pool.n(), (image, worker) -> maxGrad(g, workers, worker, image, x, dy, dx, add));
    } else {
      float[] share = columnShares(workers, pool);
      workers.parallel(
          pool.n(), (image, worker) -> averageGrad(g, workers, worker, image, share, dy, dx, add));
    }
  }

  /** Each pixel gathers from the windows that cover it, which is a window again, looking back. */
  private static void averageGrad(
      Geometry g,
      Workers workers,
      int worker,
      int image,
      float[] share,
      CpuBuffer dy,
      CpuBuffer dx,
      boolean add) {
    Pool pool = g.pool;
    // Row oy of dy, divided by the window sizes, with zeros for the windows that the stride leaves
    // out.
    int spreadRow = (pool.w() + pool.pad() + pool.k() - 1) * pool.c();
    int start = (pool.k() - 1) * pool.c();
    float[] spread = workers.scratch(worker, 0, pool.outH() * spreadRow);
    float[] column = workers.scratch(worker, 1, spreadRow);
    float[] line = workers.scratch(worker, 2, Math.max(g.xRow, g.yRow));
    Arrays.fill(spread, 0, pool.outH() * spreadRow, 0);
    int go = dy.offset() + image * pool.outH() * g.yRow;
    for (int oy = 0; oy < pool.outH(); oy++) {
      float rowShare = 1f / g.height(oy);
      if (pool.stride() == 1) {
        PoolRows.scaled(
            g.yRow, rowShare, share, dy.data(), go + oy * g.yRow, spread, oy * spreadRow + start);
      } else {
        PoolRows.scaled(g.yRow, rowShare, share, dy.data(), go + oy * g.yRow, line, 0);
        scatterPixels(pool, line, 0, spread, oy * spreadRow + start);
      }
    }
    for (int iy = 0; iy < pool.h(); iy++) {
      int first = Math.max(0, Math.ceilDiv(iy + pool.pad() - pool.k() + 1, pool.stride()));
      int last = Math.min(pool.outH() - 1, (iy + pool.pad()) / pool.stride());
      if (first <= last) {
        window(false, spread, first * spreadRow, spreadRow, last - first + 1, column, 0, spreadRow);
      } else {
        Arrays.fill(column, 0, spreadRow, 0);
      }
      int dxo = dx.offset() + (image * pool.h() + iy) * g.xRow;
      collect(column, g.edge, pool.c(), pool.k(), dx.data(), dxo, g.xRow, line, add);
    }
  }

  /**
   * A window's gradient goes first to the row that holds the maximum, then to the column in it;
   * among equals the first takes it, which is the first in row-major order.
   */
  private static void maxGrad(
      Geometry g,
      Workers workers,
      int worker,
      int image,
      CpuBuffer x,
      CpuBuffer dy,
      CpuBuffer dx,
      boolean add) {
    Pool pool = g.pool;
    int longest = Math.max(g.padded, g.yRow);
    float[] padded = workers.scratch(worker, 0, g.padded);
    float[] best = workers.scratch(worker, 1, longest);
    float[] rowMax =
        workers.scratch(
            worker, 2, Math.max(pool.h() * g.yRow, g.windows)); // of x's rows, by windows
    float[] rowGrad = workers.scratch(worker, 3, pool.h() * g.yRow);
    float[] rest = workers.scratch(worker, 4, longest);
    padEdges(g, padded);
    int xo = x.offset() + image * pool.h() * g.xRow;
    for (int iy = 0; iy < pool.h(); iy++) {
      System.arraycopy(x.data(), xo + iy * g.xRow, padded, g.edge, g.xRow);
      slide(g, padded, best, rowMax, iy * g.yRow);
    }
    Arrays.fill(rowGrad, 0, pool.h() * g.yRow, 0);
    int go = dy.offset() + image * pool.outH() * g.yRow;
    for (int oy = 0; oy < pool.outH(); oy++, go += g.yRow) {
      int top = g.top(oy) * g.yRow;
      route(
          g.yRow,
          g.height(oy),
          rowMax,
          top,
          g.yRow,
          dy.data(),
          go,
          rowGrad,
          top,
          g.yRow,
          best,
          rest);
    }
    // Each column of the windows collects in a part of its own, between zeros; the parts add up,
    // shifted.
    int margin = (pool.k() - 1) * pool.c();
    int part = g.windows + 2 * margin;
    float[] parts = workers.scratch(worker, 5, pool.k() * part);
    float[] spread = rowMax; // has served
    Arrays.fill(spread, 0, g.windows, 0);
    for (int iy = 0; iy < pool.h(); iy++) {
      System.arraycopy(x.data(), xo + iy * g.xRow, padded, g.edge, g.xRow);
      scatterPixels(pool, rowGrad, iy * g.yRow, spread, 0);
      Arrays.fill(parts, 0, pool.k() * part, 0);
      route(g.windows, pool.k(), padded, 0, pool.c(), spread, 0, parts, margin, part, best, rest);
      int dxo = dx.offset() + (image * pool.h() + iy) * g.xRow;
      collect(parts, margin + g.edge, part - pool.c(), pool.k(), dx.data(), dxo, g.xRow, rest, add);
    }
  }

  /** The gradient of a maximum over {@code count} runs of x: to the first run that holds it. */
  private static void route(
      int length,
      int count,
      float[] x,
      int xo,
      int step,
      float[] dy,
      int go,
      float[] target,
      int to,
      int targetStep,
      float[] best,
      float[] rest) {
    if (count == 3) {
      PoolRows.route(
          length,
          x,
          xo,
          xo + step,
          xo + 2 * step,
          dy,
          go,
          target,
          to,
          to + targetStep,
          to + 2 * targetStep);
      return;
    }
    window(true, x, xo, step, count, best, 0, length);
    System.arraycopy(dy, go, rest, 0, length);
    for (int i = 0; i < count; i++) {
      PoolRows.claim(length, x, xo + i * step, best, rest, target, to + i * targetStep);
    }
  }

  /** y (+)= the sum of {@code count} runs of x. */
  private static void collect(
      float[] x,
      int xo,
      int step,
      int count,
      float[] y,
      int yo,
      int length,
      float[] line,
      boolean add) {
    if (add) {
      window(false, x, xo, step, count, line, 0, length);
      SimdElementwise.copy(length, line, 0, y, yo, true);
    } else {
      window(false, x, xo, step, count, y, yo, length);
    }
  }

  /** y[i] = sum or maximum of x[i], x[i + step], ... x[i + (count - 1)*step]. */
  private static void window(
      boolean max, float[] x, int xo, int step, int count, float[] y, int yo, int length) {
    int done = 1;
    if (count >= 3) {
      PoolRows.three(max, length, x, xo, xo + step, xo + 2 * step, y, yo);
      done = 3;
    } else {
      System.arraycopy(x, xo, y, yo, length);
    }
    for (; done < count; done++) {
      PoolRows.join(max, length, x, xo + done * step, y, yo);
    }
  }

  /** The windows along one padded row, those that the stride picks, into y. */
  private static void slide(Geometry g, float[] padded, float[] windows, float[] y, int yo) {
    Pool pool = g.pool;
    if (pool.stride() == 1) {
      window(g.max, padded, 0, pool.c(), pool.k(), y, yo, g.yRow);
      return;
    }
    window(g.max, padded, 0, pool.c(), pool.k(), windows, 0, g.windows);
    for (int ox = 0; ox < pool.outW(); ox++) {
      System.arraycopy(windows, ox * pool.stride() * pool.c(), y, yo + ox * pool.c(), pool.c());
    }
  }

  /** Pixel ox goes to pixel ox*stride. */
  private static void scatterPixels(
      Pool pool, float[] from, int fromOffset, float[] to, int toOffset) {
    int c = pool.c();
    if (pool.stride() == 1) {
      System.arraycopy(from, fromOffset, to, toOffset, pool.outW() * c);
      return;
    }
    for (int ox = 0; ox < pool.outW(); ox++) {
      System.arraycopy(from, fromOffset + ox * c, to, toOffset + ox * pool.stride() * c, c);
    }
  }

  /** What never counts: nothing for a sum, less than all for a maximum. */
  private static void padEdges(Geometry g, float[] padded) {
    float neutral = g.max ? Float.NEGATIVE_INFINITY : 0;
    Arrays.fill(padded, 0, g.edge, neutral);
    Arrays.fill(padded, g.edge + g.xRow, g.padded, neutral);
  }

  /** For each float of an output row, 1 over the columns of its window that lie inside. */
  private static float[] columnShares(Workers workers, Pool pool) {
    float[] shares = Columns.coefficients(workers, pool.outW() * pool.c());
    for (int ox = 0; ox < pool.outW(); ox++) {
      int left = ox * pool.stride() - pool.pad();
      int width = Math.min(pool.w(), left + pool.k()) - Math.max(0, left);
      Arrays.fill(shares, ox * pool.c(), (ox + 1) * pool.c(), 1f / width);
    }
    return shares;
  }

  /** Lengths in floats. */
  private static final class Geometry {
    final Pool pool;
    final boolean max;
    final int xRow;
    final int yRow;
    final int edge;
    final int padded;
    final int windows; // of a padded row at stride 1

    Geometry(Pool pool) {
      this.pool = pool;
      max = pool.kind() == Pool.Kind.MAX;
      xRow = pool.w() * pool.c();
      yRow = pool.outW() * pool.c();
      edge = pool.pad() * pool.c();
      padded = xRow + 2 * edge;
      windows = padded - (pool.k() - 1) * pool.c();
    }

    /** First row inside the image of the windows of row {@code oy}. */
    int top(int oy) {
      return Math.max(0, oy * pool.stride() - pool.pad());
    }

    /** How many rows of them are inside. */
    int height(int oy) {
      return Math.min(pool.h(), oy * pool.stride() - pool.pad() + pool.k()) - top(oy);
    }
  }
}
