package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sums of products in register blocks, for rows that lie side by side in a: the gradient of a
 * convolution with respect to its weight. As {@link SimdRows}, and for the same reasons written
 * out; here the steps vary, but one check serves all rows.
 */
final class SimdLines {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  /** Columns of one vector. */
  static final int LANES = S.length();

  private static final int WIDE = 2 * LANES;

  /** Rows of the largest block: a block reads and writes all its rows. */
  static final int ROWS = 16;

  private SimdLines() {}

  /**
   * What is summed: over {@code count} lines and i < k the products of the value at {@code
   * line*lineA + i*strideA + row} and the columns at {@code line*lineB + i*strideB}.
   */
  record Table(int count, int k, int lineA, int strideA, int lineB, int strideB) {}

  /** The least multiple of the vector length that is not below {@code columns}. */
  static int padded(int columns) {
    return (columns + LANES - 1) / LANES * LANES;
  }

  /** The rows that are read and written for {@code rows} that are wanted. */
  static int paddedRows(int rows) {
    return (rows + ROWS - 1) / ROWS * ROWS;
  }

  /**
   * c (+)= a' b; c {@code [paddedRows, columns]}, of which the superfluous rows hold nothing of
   * use.
   *
   * @param columns a multiple of {@link #LANES}
   */
  static void multiply(
      Table lines,
      int rows,
      float[] a,
      int startA,
      float[] b,
      int startB,
      float[] c,
      int startC,
      int columns,
      boolean add) {
    int column = 0;
    for (; column + WIDE <= columns; column += WIDE) {
      for (int r = 0; r < rows; r += 8) {
        lines8x2(
            lines,
            a,
            startA + r,
            b,
            startB + column,
            c,
            startC + r * columns + column,
            columns,
            add);
      }
    }
    if (column < columns) {
      for (int r = 0; r < rows; r += 16) {
        lines16x1(
            lines,
            a,
            startA + r,
            b,
            startB + column,
            c,
            startC + r * columns + column,
            columns,
            add);
      }
    }
  }

  /** 8 rows by 2 vectors. */
  private static void lines8x2(
      Table lines,
      float[] a,
      int startA,
      float[] b,
      int startB,
      float[] c,
      int startC,
      int strideC,
      boolean add) {
    int k = lines.k();
    int strideA = lines.strideA();
    int strideB = lines.strideB();
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
    for (int line = 0; line < lines.count(); line++) {
      int p = startA + line * lines.lineA();
      int q = startB + line * lines.lineB();
      for (int i = 0; i < k; i++) {
        FloatVector b0 = FloatVector.fromArray(S, b, q);
        FloatVector b1 = FloatVector.fromArray(S, b, q + LANES);
        FloatVector x0 = FloatVector.broadcast(S, a[p]);
        c00 = x0.fma(b0, c00);
        c01 = x0.fma(b1, c01);
        FloatVector x1 = FloatVector.broadcast(S, a[p + 1]);
        c10 = x1.fma(b0, c10);
        c11 = x1.fma(b1, c11);
        FloatVector x2 = FloatVector.broadcast(S, a[p + 2]);
        c20 = x2.fma(b0, c20);
        c21 = x2.fma(b1, c21);
        FloatVector x3 = FloatVector.broadcast(S, a[p + 3]);
        c30 = x3.fma(b0, c30);
        c31 = x3.fma(b1, c31);
        FloatVector x4 = FloatVector.broadcast(S, a[p + 4]);
        c40 = x4.fma(b0, c40);
        c41 = x4.fma(b1, c41);
        FloatVector x5 = FloatVector.broadcast(S, a[p + 5]);
        c50 = x5.fma(b0, c50);
        c51 = x5.fma(b1, c51);
        FloatVector x6 = FloatVector.broadcast(S, a[p + 6]);
        c60 = x6.fma(b0, c60);
        c61 = x6.fma(b1, c61);
        FloatVector x7 = FloatVector.broadcast(S, a[p + 7]);
        c70 = x7.fma(b0, c70);
        c71 = x7.fma(b1, c71);
        p += strideA;
        q += strideB;
      }
    }
    if (add) {
      c00 = c00.add(FloatVector.fromArray(S, c, startC));
      c01 = c01.add(FloatVector.fromArray(S, c, startC + LANES));
      c10 = c10.add(FloatVector.fromArray(S, c, startC + strideC));
      c11 = c11.add(FloatVector.fromArray(S, c, startC + strideC + LANES));
      c20 = c20.add(FloatVector.fromArray(S, c, startC + 2 * strideC));
      c21 = c21.add(FloatVector.fromArray(S, c, startC + 2 * strideC + LANES));
      c30 = c30.add(FloatVector.fromArray(S, c, startC + 3 * strideC));
      c31 = c31.add(FloatVector.fromArray(S, c, startC + 3 * strideC + LANES));
      c40 = c40.add(FloatVector.fromArray(S, c, startC + 4 * strideC));
      c41 = c41.add(FloatVector.fromArray(S, c, startC + 4 * strideC + LANES));
      c50 = c50.add(FloatVector.fromArray(S, c, startC + 5 * strideC));
      c51 = c51.add(FloatVector.fromArray(S, c, startC + 5 * strideC + LANES));
      c60 = c60.add(FloatVector.fromArray(S, c, startC + 6 * strideC));
      c61 = c61.add(FloatVector.fromArray(S, c, startC + 6 * strideC + LANES));
      c70 = c70.add(FloatVector.fromArray(S, c, startC + 7 * strideC));
      c71 = c71.add(FloatVector.fromArray(S, c, startC + 7 * strideC + LANES));
    }
    c00.intoArray(c, startC);
    c01.intoArray(c, startC + LANES);
    c10.intoArray(c, startC + strideC);
    c11.intoArray(c, startC + strideC + LANES);
    c20.intoArray(c, startC + 2 * strideC);
    c21.intoArray(c, startC + 2 * strideC + LANES);
    c30.intoArray(c, startC + 3 * strideC);
    c31.intoArray(c, startC + 3 * strideC + LANES);
    c40.intoArray(c, startC + 4 * strideC);
    c41.intoArray(c, startC + 4 * strideC + LANES);
    c50.intoArray(c, startC + 5 * strideC);
    c51.intoArray(c, startC + 5 * strideC + LANES);
    c60.intoArray(c, startC + 6 * strideC);
    c61.intoArray(c, startC + 6 * strideC + LANES);
    c70.intoArray(c, startC + 7 * strideC);
    c71.intoArray(c, startC + 7 * strideC + LANES);
  }

  /** 16 rows by 1 vector. */
  private static void lines16x1(
      Table lines,
      float[] a,
      int startA,
      float[] b,
      int startB,
      float[] c,
      int startC,
      int strideC,
      boolean add) {
    int k = lines.k();
    int strideA = lines.strideA();
    int strideB = lines.strideB();
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector c2 = FloatVector.zero(S);
    FloatVector c3 = FloatVector.zero(S);
    FloatVector c4 = FloatVector.zero(S);
    FloatVector c5 = FloatVector.zero(S);
    FloatVector c6 = FloatVector.zero(S);
    FloatVector c7 = FloatVector.zero(S);
    FloatVector c8 = FloatVector.zero(S);
    FloatVector c9 = FloatVector.zero(S);
    FloatVector c10 = FloatVector.zero(S);
    FloatVector c11 = FloatVector.zero(S);
    FloatVector c12 = FloatVector.zero(S);
    FloatVector c13 = FloatVector.zero(S);
    FloatVector c14 = FloatVector.zero(S);
    FloatVector c15 = FloatVector.zero(S);
    for (int line = 0; line < lines.count(); line++) {
      int p = startA + line * lines.lineA();
      int q = startB + line * lines.lineB();
      for (int i = 0; i < k; i++) {
        FloatVector b0 = FloatVector.fromArray(S, b, q);
        c0 = FloatVector.broadcast(S, a[p]).fma(b0, c0);
        c1 = FloatVector.broadcast(S, a[p + 1]).fma(b0, c1);
        c2 = FloatVector.broadcast(S, a[p + 2]).fma(b0, c2);
        c3 = FloatVector.broadcast(S, a[p + 3]).fma(b0, c3);
        c4 = FloatVector.broadcast(S, a[p + 4]).fma(b0, c4);
        c5 = FloatVector.broadcast(S, a[p + 5]).fma(b0, c5);
        c6 = FloatVector.broadcast(S, a[p + 6]).fma(b0, c6);
        c7 = FloatVector.broadcast(S, a[p + 7]).fma(b0, c7);
        c8 = FloatVector.broadcast(S, a[p + 8]).fma(b0, c8);
        c9 = FloatVector.broadcast(S, a[p + 9]).fma(b0, c9);
        c10 = FloatVector.broadcast(S, a[p + 10]).fma(b0, c10);
        c11 = FloatVector.broadcast(S, a[p + 11]).fma(b0, c11);
        c12 = FloatVector.broadcast(S, a[p + 12]).fma(b0, c12);
        c13 = FloatVector.broadcast(S, a[p + 13]).fma(b0, c13);
        c14 = FloatVector.broadcast(S, a[p + 14]).fma(b0, c14);
        c15 = FloatVector.broadcast(S, a[p + 15]).fma(b0, c15);
        p += strideA;
        q += strideB;
      }
    }
    if (add) {
      c0 = c0.add(FloatVector.fromArray(S, c, startC));
      c1 = c1.add(FloatVector.fromArray(S, c, startC + strideC));
      c2 = c2.add(FloatVector.fromArray(S, c, startC + 2 * strideC));
      c3 = c3.add(FloatVector.fromArray(S, c, startC + 3 * strideC));
      c4 = c4.add(FloatVector.fromArray(S, c, startC + 4 * strideC));
      c5 = c5.add(FloatVector.fromArray(S, c, startC + 5 * strideC));
      c6 = c6.add(FloatVector.fromArray(S, c, startC + 6 * strideC));
      c7 = c7.add(FloatVector.fromArray(S, c, startC + 7 * strideC));
      c8 = c8.add(FloatVector.fromArray(S, c, startC + 8 * strideC));
      c9 = c9.add(FloatVector.fromArray(S, c, startC + 9 * strideC));
      c10 = c10.add(FloatVector.fromArray(S, c, startC + 10 * strideC));
      c11 = c11.add(FloatVector.fromArray(S, c, startC + 11 * strideC));
      c12 = c12.add(FloatVector.fromArray(S, c, startC + 12 * strideC));
      c13 = c13.add(FloatVector.fromArray(S, c, startC + 13 * strideC));
      c14 = c14.add(FloatVector.fromArray(S, c, startC + 14 * strideC));
      c15 = c15.add(FloatVector.fromArray(S, c, startC + 15 * strideC));
    }
    c0.intoArray(c, startC);
    c1.intoArray(c, startC + strideC);
    c2.intoArray(c, startC + 2 * strideC);
    c3.intoArray(c, startC + 3 * strideC);
    c4.intoArray(c, startC + 4 * strideC);
    c5.intoArray(c, startC + 5 * strideC);
    c6.intoArray(c, startC + 6 * strideC);
    c7.intoArray(c, startC + 7 * strideC);
    c8.intoArray(c, startC + 8 * strideC);
    c9.intoArray(c, startC + 9 * strideC);
    c10.intoArray(c, startC + 10 * strideC);
    c11.intoArray(c, startC + 11 * strideC);
    c12.intoArray(c, startC + 12 * strideC);
    c13.intoArray(c, startC + 13 * strideC);
    c14.intoArray(c, startC + 14 * strideC);
    c15.intoArray(c, startC + 15 * strideC);
  }
}
