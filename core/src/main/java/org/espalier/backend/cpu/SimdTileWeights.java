package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * The transforms of kernels, and back of their gradients, that go with those of {@link SimdTiles}.
 */
final class SimdTileWeights {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = S.length();

  private static final int REACH = SimdTiles.REACH;

  /** Floats of scratch that {@link #gradient} wants. */
  static final int SCRATCH = 3 * REACH * LANES;

  private static final float ROOT = SimdTiles.ROOT;
  private static final float HALF_ROOT = SimdTiles.HALF_ROOT;

  private SimdTileWeights() {}

  /** G g: of three vectors six. */
  private static void kernelLine(
      float[] g, int at, int step, float[] u, int to, int stride, VectorMask<Float> mask) {
    FloatVector g0 = FloatVector.fromArray(S, g, at, mask);
    FloatVector g1 = FloatVector.fromArray(S, g, at + step, mask);
    FloatVector g2 = FloatVector.fromArray(S, g, at + 2 * step, mask);
    g0.intoArray(u, to);
    FloatVector even = g2.fma(of(0.5f), g0).mul(-2f / 3);
    FloatVector odd = g1.mul(-2 * HALF_ROOT / 3);
    even.add(odd).intoArray(u, to + stride);
    even.sub(odd).intoArray(u, to + 2 * stride);
    even = g2.fma(of(2), g0).mul(1f / 6);
    odd = g1.mul(ROOT / 6);
    even.add(odd).intoArray(u, to + 3 * stride);
    even.sub(odd).intoArray(u, to + 4 * stride);
    g2.intoArray(u, to + 5 * stride);
  }

  /** Gt m: of six vectors three. */
  private static void gradientLine(float[] m, int at, int step, float[] dg, int to, int stride) {
    FloatVector m1 = load(m, at + step);
    FloatVector m2 = load(m, at + 2 * step);
    FloatVector m3 = load(m, at + 3 * step);
    FloatVector m4 = load(m, at + 4 * step);
    FloatVector s1 = m1.add(m2).mul(1f / 3);
    FloatVector s2 = m3.add(m4).mul(1f / 6);
    s1.fma(of(-2), load(m, at)).add(s2).intoArray(dg, to);
    FloatVector odd = m1.sub(m2).mul(-2 * HALF_ROOT / 3);
    m3.sub(m4).fma(of(ROOT / 6), odd).intoArray(dg, to + stride);
    s2.fma(of(2), load(m, at + 5 * step)).sub(s1).intoArray(dg, to + 2 * stride);
  }

  /**
   * U {@code [6, 6, LANES]} of {@code length} kernels side by side, {@code [3, 3]} {@code step}
   * apart.
   */
  static void kernel(float[] g, int at, int step, int length, float[] u) {
    VectorMask<Float> mask = S.indexInRange(0, length);
    VectorMask<Float> all = S.maskAll(true);
    for (int x = 0; x < 3; x++) {
      kernelLine(g, at + x * step, 3 * step, u, x * LANES, REACH * LANES, mask);
    }
    for (int y = 0; y < REACH; y++) {
      kernelLine(u, y * REACH * LANES, LANES, u, y * REACH * LANES, LANES, all);
    }
  }

  /**
   * dg {@code [3, 3]}, {@code step} apart, = Gt m G of a vector of kernels, the places of m {@code
   * stride} apart.
   */
  static void gradient(
      float[] m, int at, int stride, float[] dg, int to, int step, float[] scratch) {
    for (int x = 0; x < REACH; x++) {
      gradientLine(m, at + x * stride, REACH * stride, scratch, x * LANES, REACH * LANES);
    }
    for (int y = 0; y < 3; y++) {
      gradientLine(scratch, y * REACH * LANES, LANES, dg, to + 3 * y * step, step);
    }
  }

  private static FloatVector load(float[] x, int at) {
    return FloatVector.fromArray(S, x, at);
  }

  private static FloatVector of(float value) {
    return FloatVector.broadcast(S, value);
  }
}
