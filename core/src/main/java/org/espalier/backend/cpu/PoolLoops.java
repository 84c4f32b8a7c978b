package org.espalier.backend.cpu;

import org.espalier.backend.Pool;

/** Pooling, window by window. */
final class PoolLoops {
  private PoolLoops() {}

  static void forward(Pool pool, CpuBuffer x, CpuBuffer y) {
    eachWindow(
        pool,
        (window, out) -> {
          if (pool.kind() == Pool.Kind.MAX) {
            y.set(out, x.get(window.largest(x)));
          } else {
            double sum = 0;
            for (int i = 0; i < window.count; i++) {
              sum += x.get(window.elements[i]);
            }
            y.set(out, (float) (sum / window.count));
          }
        });
  }

  static void backward(Pool pool, CpuBuffer x, CpuBuffer dy, CpuBuffer dx) {
    eachWindow(
        pool,
        (window, out) -> {
          if (pool.kind() == Pool.Kind.MAX) {
            dx.put(window.largest(x), dy.get(out), true);
          } else {
            for (int i = 0; i < window.count; i++) {
              dx.put(window.elements[i], dy.get(out) / window.count, true);
            }
          }
        });
  }

  private interface Visitor {
    void visit(Window window, int out);
  }

  private static void eachWindow(Pool pool, Visitor visitor) {
    Window window = new Window(new int[pool.k() * pool.k()]);
    int out = 0;
    for (int image = 0; image < pool.n(); image++) {
      for (int oy = 0; oy < pool.outH(); oy++) {
        for (int ox = 0; ox < pool.outW(); ox++) {
          for (int c = 0; c < pool.c(); c++) {
            window.fill(pool, image, oy, ox, c);
            visitor.visit(window, out++);
          }
        }
      }
    }
  }

  /** The elements of one window that lie inside the image, in row-major order. */
  private static final class Window {
    final int[] elements;
    int count;

    Window(int[] elements) {
      this.elements = elements;
    }

    void fill(Pool pool, int image, int oy, int ox, int c) {
      count = 0;
      for (int ky = 0; ky < pool.k(); ky++) {
        int iy = oy * pool.stride() - pool.pad() + ky;
        for (int kx = 0; kx < pool.k(); kx++) {
          int ix = ox * pool.stride() - pool.pad() + kx;
          if (iy >= 0 && iy < pool.h() && ix >= 0 && ix < pool.w()) {
            elements[count++] = ((image * pool.h() + iy) * pool.w() + ix) * pool.c() + c;
          }
        }
      }
    }

    int largest(CpuBuffer x) {
      int best = elements[0];
      for (int i = 1; i < count; i++) {
        if (x.get(elements[i]) > x.get(best)) {
          best = elements[i];
        }
      }
      return best;
    }
  }
}
