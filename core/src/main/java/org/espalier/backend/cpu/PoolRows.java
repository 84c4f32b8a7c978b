package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The loops over one row that {@link SimdPool} is made of. */
final class PoolRows {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  private PoolRows() {}

  /** y = a + b + c, or the largest of them. */
  static void three(boolean max, int length, float[] x, int a, int b, int c, float[] y, int yo) {
    if (max) {
      maxThree(length, x, a, b, c, y, yo);
    } else {
      addThree(length, x, a, b, c, y, yo);
    }
  }

  private static void addThree(int length, float[] x, int a, int b, int c, float[] y, int yo) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      FloatVector.fromArray(S, x, a + i)
          .add(FloatVector.fromArray(S, x, b + i))
          .add(FloatVector.fromArray(S, x, c + i))
          .intoArray(y, yo + i);
    }
    for (; i < length; i++) {
      y[yo + i] = x[a + i] + x[b + i] + x[c + i];
    }
  }

  /**
   * By comparison: {@code max} would also take care of NaN and of -0, at thrice the instructions.
   */
  private static void maxThree(int length, float[] x, int a, int b, int c, float[] y, int yo) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var first = FloatVector.fromArray(S, x, a + i);
      var second = FloatVector.fromArray(S, x, b + i);
      var third = FloatVector.fromArray(S, x, c + i);
      var two = first.blend(second, second.compare(VectorOperators.GT, first));
      two.blend(third, third.compare(VectorOperators.GT, two)).intoArray(y, yo + i);
    }
    for (; i < length; i++) {
      y[yo + i] = Math.max(Math.max(x[a + i], x[b + i]), x[c + i]);
    }
  }

  /**
   * The gradient of the largest of three: g goes to the target of the first of a, b, c that none of
   * the others exceeds.
   */
  static void route(
      int length,
      float[] x,
      int a,
      int b,
      int c,
      float[] g,
      int go,
      float[] target,
      int ta,
      int tb,
      int tc) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var first = FloatVector.fromArray(S, x, a + i);
      var second = FloatVector.fromArray(S, x, b + i);
      var third = FloatVector.fromArray(S, x, c + i);
      var overFirst = second.compare(VectorOperators.GT, first);
      var two = first.blend(second, overFirst);
      var overTwo = third.compare(VectorOperators.GT, two);
      var nothing = FloatVector.zero(S);
      var all = FloatVector.fromArray(S, g, go + i);
      var toTwo = all.blend(nothing, overTwo);
      var toFirst = toTwo.blend(nothing, overFirst);
      FloatVector.fromArray(S, target, ta + i).add(toFirst).intoArray(target, ta + i);
      FloatVector.fromArray(S, target, tb + i)
          .add(nothing.blend(toTwo, overFirst))
          .intoArray(target, tb + i);
      FloatVector.fromArray(S, target, tc + i)
          .add(nothing.blend(all, overTwo))
          .intoArray(target, tc + i);
    }
    for (; i < length; i++) {
      boolean overFirst = x[b + i] > x[a + i];
      boolean overTwo = x[c + i] > (overFirst ? x[b + i] : x[a + i]);
      target[(overTwo ? tc : overFirst ? tb : ta) + i] += g[go + i];
    }
  }

  /** y = y + x, or the larger of them. */
  static void join(boolean max, int length, float[] x, int xo, float[] y, int yo) {
    if (!max) {
      SimdElementwise.copy(length, x, xo, y, yo, true);
      return;
    }
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var largest = FloatVector.fromArray(S, y, yo + i);
      var next = FloatVector.fromArray(S, x, xo + i);
      largest.blend(next, next.compare(VectorOperators.GT, largest)).intoArray(y, yo + i);
    }
    for (; i < length; i++) {
      y[yo + i] = Math.max(y[yo + i], x[xo + i]);
    }
  }

  /** y = x*share*rowShare. */
  static void scaled(
      int length, float rowShare, float[] share, float[] x, int xo, float[] y, int yo) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      FloatVector.fromArray(S, x, xo + i)
          .mul(FloatVector.fromArray(S, share, i).mul(rowShare))
          .intoArray(y, yo + i);
    }
    for (; i < length; i++) {
      y[yo + i] = x[xo + i] * (share[i] * rowShare);
    }
  }

  /** Where x equals best, what is left in rest moves to target: the first to claim gets it all. */
  static void claim(
      int length, float[] x, int xo, float[] best, float[] rest, float[] target, int to) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var mine =
          FloatVector.fromArray(S, x, xo + i)
              .compare(VectorOperators.EQ, FloatVector.fromArray(S, best, i));
      var left = FloatVector.fromArray(S, rest, i);
      var nothing = FloatVector.zero(S);
      FloatVector.fromArray(S, target, to + i)
          .add(nothing.blend(left, mine))
          .intoArray(target, to + i);
      left.blend(nothing, mine).intoArray(rest, i);
    }
    for (; i < length; i++) {
      if (x[xo + i] == best[i]) {
        target[to + i] += rest[i];
        rest[i] = 0;
      }
    }
  }
}
