package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sums of products in register blocks, for rows by table: a broadcast value of a times a vector of
 * b, the sums held in registers until they are complete. Convolution and its gradient with respect
 * to the input.
 *
 * <p>Written out because the accumulators must be local variables that meet no call: an array of
 * them, or a call that is not inlined, would box each on every iteration. Blocks of 8 rows by 2
 * vectors keep the arithmetic units busy (10 loads for 16 products) and fit into 32 registers;
 * larger ones spill. The steps through a and b are constants, so that the compiler proves all array
 * accesses before the loop.
 */
final class SimdRows {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  /** Columns of one vector. */
  static final int LANES = S.length();

  private static final int WIDE = 2 * LANES;

  /** Rows come in blocks of this many. */
  static final int ROWS = 8;

  private SimdRows() {}

  /**
   * Which rows: row r of the result, at {@code c[r]}, sums over the taps t and i < k the products
   * of the value at {@code a[r] + taps[t] + i} and row {@code t*k + i} of b. The number of rows is
   * a multiple of {@link #ROWS}: to fill up, the last is repeated; it is then computed and written
   * several times, the same.
   */
  static final class Table {
    final int[] a;
    final int[] c;
    final int[] taps;
    final int k;

    Table(int[] a, int[] c, int[] taps, int k) {
      this.a = a;
      this.c = c;
      this.taps = taps;
      this.k = k;
    }

    /** Rows of b. */
    int depth() {
      return taps.length * k;
    }
  }

  /** The least multiple of the vector length that is not below {@code columns}. */
  static int padded(int columns) {
    return (columns + LANES - 1) / LANES * LANES;
  }

  /** Columns of the next panel of b where {@code columns} are left. */
  static int panel(int columns) {
    return columns >= WIDE ? WIDE : LANES;
  }

  /**
   * c (+)= a b. b is packed in panels of two vectors' columns, then of one if that many are left;
   * each panel row after row.
   *
   * @param columns a multiple of {@link #LANES}
   */
  static void multiply(
      Table rows,
      float[] a,
      int startA,
      float[] b,
      int startB,
      float[] c,
      int startC,
      int columns,
      boolean add) {
    for (int column = 0; column < columns; column += panel(columns - column)) {
      int panelB = startB + column * rows.depth();
      if (panel(columns - column) == WIDE) {
        rows8x2(rows, a, startA, b, panelB, c, startC + column, add);
      } else {
        rows8x1(rows, a, startA, b, panelB, c, startC + column, add);
      }
    }
  }

  /**
   * Writes or adds the first {@code columns} of each row of {@code from} to {@code to}, at {@code
   * places}.
   */
  static void crop(
      float[] from,
      int paddedColumns,
      float[] to,
      int start,
      int[] places,
      int rows,
      int columns,
      boolean add) {
    int last = columns / LANES * LANES;
    VectorMask<Float> mask = S.indexInRange(last, columns);
    for (int row = 0; row < rows; row++) {
      int source = row * paddedColumns;
      int target = start + places[row];
      for (int i = 0; i < last; i += LANES) {
        FloatVector v = FloatVector.fromArray(S, from, source + i);
        (add ? v.add(FloatVector.fromArray(S, to, target + i)) : v).intoArray(to, target + i);
      }
      FloatVector v = FloatVector.fromArray(S, from, source + last);
      (add ? v.add(FloatVector.fromArray(S, to, target + last, mask)) : v)
          .intoArray(to, target + last, mask);
    }
  }

  /** 8 rows by 2 vectors. */
  private static void rows8x2(
      Table rows,
      float[] a,
      int startA,
      float[] b,
      int startB,
      float[] c,
      int startC,
      boolean add) {
    int k = rows.k;
    for (int row = 0; row < rows.a.length; row += 8) {
      int a0 = startA + rows.a[row + 0];
      int a1 = startA + rows.a[row + 1];
      int a2 = startA + rows.a[row + 2];
      int a3 = startA + rows.a[row + 3];
      int a4 = startA + rows.a[row + 4];
      int a5 = startA + rows.a[row + 5];
      int a6 = startA + rows.a[row + 6];
      int a7 = startA + rows.a[row + 7];
      FloatVector c00 = FloatVector.zero(S);
      FloatVector c01 = FloatVector.zero(S);
      FloatVector c10 = FloatVector.zero(S);
      FloatVector c11 = FloatVector.zero(S);
      FloatVector c20 = FloatVector.zero(S);
      FloatVector c21 = FloatVector.zero(S);
      FloatVector c30 = FloatVector.zero(S);
      FloatVector c31 = FloatVector.zero(S);
      FloatVector c40 = FloatVector.zero(S);
      FloatVector c41 = FloatVector.zero(S);
      FloatVector c50 = FloatVector.zero(S);
      FloatVector c51 = FloatVector.zero(S);
      FloatVector c60 = FloatVector.zero(S);
      FloatVector c61 = FloatVector.zero(S);
      FloatVector c70 = FloatVector.zero(S);
      FloatVector c71 = FloatVector.zero(S);
      for (int t = 0; t < rows.taps.length; t++) {
        int tap = rows.taps[t];
        int fromB = startB + t * k * WIDE;
        int p0 = a0 + tap;
        int p1 = a1 + tap;
        int p2 = a2 + tap;
        int p3 = a3 + tap;
        int p4 = a4 + tap;
        int p5 = a5 + tap;
        int p6 = a6 + tap;
        int p7 = a7 + tap;
        for (int i = 0; i < k; i++) {
          int at = fromB + i * WIDE;
          FloatVector b0 = FloatVector.fromArray(S, b, at);
          FloatVector b1 = FloatVector.fromArray(S, b, at + LANES);
          FloatVector x0 = FloatVector.broadcast(S, a[p0 + i]);
          c00 = x0.fma(b0, c00);
          c01 = x0.fma(b1, c01);
          FloatVector x1 = FloatVector.broadcast(S, a[p1 + i]);
          c10 = x1.fma(b0, c10);
          c11 = x1.fma(b1, c11);
          FloatVector x2 = FloatVector.broadcast(S, a[p2 + i]);
          c20 = x2.fma(b0, c20);
          c21 = x2.fma(b1, c21);
          FloatVector x3 = FloatVector.broadcast(S, a[p3 + i]);
          c30 = x3.fma(b0, c30);
          c31 = x3.fma(b1, c31);
          FloatVector x4 = FloatVector.broadcast(S, a[p4 + i]);
          c40 = x4.fma(b0, c40);
          c41 = x4.fma(b1, c41);
          FloatVector x5 = FloatVector.broadcast(S, a[p5 + i]);
          c50 = x5.fma(b0, c50);
          c51 = x5.fma(b1, c51);
          FloatVector x6 = FloatVector.broadcast(S, a[p6 + i]);
          c60 = x6.fma(b0, c60);
          c61 = x6.fma(b1, c61);
          FloatVector x7 = FloatVector.broadcast(S, a[p7 + i]);
          c70 = x7.fma(b0, c70);
          c71 = x7.fma(b1, c71);
        }
      }
      int q0 = startC + rows.c[row + 0];
      int q1 = startC + rows.c[row + 1];
      int q2 = startC + rows.c[row + 2];
      int q3 = startC + rows.c[row + 3];
      int q4 = startC + rows.c[row + 4];
      int q5 = startC + rows.c[row + 5];
      int q6 = startC + rows.c[row + 6];
      int q7 = startC + rows.c[row + 7];
      if (add) {
        c00 = c00.add(FloatVector.fromArray(S, c, q0));
        c01 = c01.add(FloatVector.fromArray(S, c, q0 + LANES));
        c10 = c10.add(FloatVector.fromArray(S, c, q1));
        c11 = c11.add(FloatVector.fromArray(S, c, q1 + LANES));
        c20 = c20.add(FloatVector.fromArray(S, c, q2));
        c21 = c21.add(FloatVector.fromArray(S, c, q2 + LANES));
        c30 = c30.add(FloatVector.fromArray(S, c, q3));
        c31 = c31.add(FloatVector.fromArray(S, c, q3 + LANES));
        c40 = c40.add(FloatVector.fromArray(S, c, q4));
        c41 = c41.add(FloatVector.fromArray(S, c, q4 + LANES));
        c50 = c50.add(FloatVector.fromArray(S, c, q5));
        c51 = c51.add(FloatVector.fromArray(S, c, q5 + LANES));
        c60 = c60.add(FloatVector.fromArray(S, c, q6));
        c61 = c61.add(FloatVector.fromArray(S, c, q6 + LANES));
        c70 = c70.add(FloatVector.fromArray(S, c, q7));
        c71 = c71.add(FloatVector.fromArray(S, c, q7 + LANES));
      }
      c00.intoArray(c, q0);
      c01.intoArray(c, q0 + LANES);
      c10.intoArray(c, q1);
      c11.intoArray(c, q1 + LANES);
      c20.intoArray(c, q2);
      c21.intoArray(c, q2 + LANES);
      c30.intoArray(c, q3);
      c31.intoArray(c, q3 + LANES);
      c40.intoArray(c, q4);
      c41.intoArray(c, q4 + LANES);
      c50.intoArray(c, q5);
      c51.intoArray(c, q5 + LANES);
      c60.intoArray(c, q6);
      c61.intoArray(c, q6 + LANES);
      c70.intoArray(c, q7);
      c71.intoArray(c, q7 + LANES);
    }
  }

  /** 8 rows by 1 vector. */
  private static void rows8x1(
      Table rows,
      float[] a,
      int startA,
      float[] b,
      int startB,
      float[] c,
      int startC,
      boolean add) {
    int k = rows.k;
    for (int row = 0; row < rows.a.length; row += 8) {
      int a0 = startA + rows.a[row + 0];
      int a1 = startA + rows.a[row + 1];
      int a2 = startA + rows.a[row + 2];
      int a3 = startA + rows.a[row + 3];
      int a4 = startA + rows.a[row + 4];
      int a5 = startA + rows.a[row + 5];
      int a6 = startA + rows.a[row + 6];
      int a7 = startA + rows.a[row + 7];
      FloatVector c0 = FloatVector.zero(S);
      FloatVector c1 = FloatVector.zero(S);
      FloatVector c2 = FloatVector.zero(S);
      FloatVector c3 = FloatVector.zero(S);
      FloatVector c4 = FloatVector.zero(S);
      FloatVector c5 = FloatVector.zero(S);
      FloatVector c6 = FloatVector.zero(S);
      FloatVector c7 = FloatVector.zero(S);
      for (int t = 0; t < rows.taps.length; t++) {
        int tap = rows.taps[t];
        int fromB = startB + t * k * LANES;
        int p0 = a0 + tap;
        int p1 = a1 + tap;
        int p2 = a2 + tap;
        int p3 = a3 + tap;
        int p4 = a4 + tap;
        int p5 = a5 + tap;
        int p6 = a6 + tap;
        int p7 = a7 + tap;
        for (int i = 0; i < k; i++) {
          int at = fromB + i * LANES;
          FloatVector b0 = FloatVector.fromArray(S, b, at);
          c0 = FloatVector.broadcast(S, a[p0 + i]).fma(b0, c0);
          c1 = FloatVector.broadcast(S, a[p1 + i]).fma(b0, c1);
          c2 = FloatVector.broadcast(S, a[p2 + i]).fma(b0, c2);
          c3 = FloatVector.broadcast(S, a[p3 + i]).fma(b0, c3);
          c4 = FloatVector.broadcast(S, a[p4 + i]).fma(b0, c4);
          c5 = FloatVector.broadcast(S, a[p5 + i]).fma(b0, c5);
          c6 = FloatVector.broadcast(S, a[p6 + i]).fma(b0, c6);
          c7 = FloatVector.broadcast(S, a[p7 + i]).fma(b0, c7);
        }
      }
      int q0 = startC + rows.c[row + 0];
      int q1 = startC + rows.c[row + 1];
      int q2 = startC + rows.c[row + 2];
      int q3 = startC + rows.c[row + 3];
      int q4 = startC + rows.c[row + 4];
      int q5 = startC + rows.c[row + 5];
      int q6 = startC + rows.c[row + 6];
      int q7 = startC + rows.c[row + 7];
      if (add) {
        c0 = c0.add(FloatVector.fromArray(S, c, q0));
        c1 = c1.add(FloatVector.fromArray(S, c, q1));
        c2 = c2.add(FloatVector.fromArray(S, c, q2));
        c3 = c3.add(FloatVector.fromArray(S, c, q3));
        c4 = c4.add(FloatVector.fromArray(S, c, q4));
        c5 = c5.add(FloatVector.fromArray(S, c, q5));
        c6 = c6.add(FloatVector.fromArray(S, c, q6));
        c7 = c7.add(FloatVector.fromArray(S, c, q7));
      }
      c0.intoArray(c, q0);
      c1.intoArray(c, q1);
      c2.intoArray(c, q2);
      c3.intoArray(c, q3);
      c4.intoArray(c, q4);
      c5.intoArray(c, q5);
      c6.intoArray(c, q6);
      c7.intoArray(c, q7);
    }
  }
}
