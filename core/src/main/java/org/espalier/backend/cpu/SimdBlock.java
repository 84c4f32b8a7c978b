package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * The one micro-kernel of convolutions and their gradients: a block of sums of products, {@code
 * rows} by {@code vectors}, held in registers until they are complete:
 *
 * <pre>
 * for each block (a0, c0):
 *   c[c0 + r*rowC + v*LANES ...] (+)= sum over the runs (a1, b1, count) and i < count of
 *     a[a0 + a1 + i*stepA + r*rowA] * b[b1 + i*stepB + v*LANES ...]
 * </pre>
 *
 * <p>Its code is generated, see {@link SimdBlockCode}, and then has to be compiled by the virtual
 * machine, which takes a while. Until {@link SimdBlockCompiler} has seen to that, smaller blocks of
 * plain source do the same products in the same order, and so to the same bits.
 */
final class SimdBlock {
  /** Columns of one vector. */
  static final int LANES = FloatVector.SPECIES_PREFERRED.length();

  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  /** After so many images, code for this distance of rows alone is worth its compilation. */
  private static final int HOT = 3000;

  private final Form form;
  private final Strides strides;
  private final SimdBlockCompiler.Slot general;
  private SimdBlockCompiler.@Nullable Slot special;
  private int calls;

  /**
   * What is constant in the code of a block.
   *
   * @param sum whether the rows lie side by side in a and are added to c, as in the gradient of a
   *     weight: rowA is 1. Otherwise a run lies side by side in a and is packed in b: stepA is 1,
   *     stepB what the vectors hold, and c is written over
   * @param flat whether a run is a single product: for three vectors, whose arithmetic hides the
   *     look-up of its place, that is faster than to enter and leave a loop for each run
   * @param rowA the distance of rows in a where that is a constant of the code, which saves it the
   *     address of each row; 0 where it is not, so that the code serves for all distances
   */
  record Form(boolean sum, int rows, int vectors, boolean flat, int rowA) {}

  /** Distances in a, from row to row and from step to step, and in b from step to step. */
  record Strides(int rowA, int stepA, int stepB) {}

  /** The code of a form. */
  interface Code {
    /**
     * Sums the blocks.
     *
     * @param blocks a0, c0 of one block, of the next, ...
     * @param runs a1, b1, count of one run, of the next, ...; flat: a1 of each product, where b1 is
     *     stepB further each time
     * @param rowC floats from a row of c to the next
     */
    void run(
        int[] blocks,
        int[] runs,
        float[] a,
        int startA,
        float[] b,
        int startB,
        float[] c,
        int startC,
        int rowC,
        int rowA,
        int stepA,
        int stepB);
  }

  SimdBlock(Form form, Strides strides) {
    this.form = form;
    this.strides = strides;
    general = SimdBlockCompiler.slot(form);
  }

  /**
   * The most rows of a block of {@code vectors} that the registers hold: 32 with AVX-512 and NEON,
   * 16 with AVX2. Measured; twelve rows of two vectors are better where rows lie side by side.
   */
  static int rows(int vectors, boolean sum) {
    boolean few = LANES == 8;
    return switch (vectors) {
      case 1 -> few ? 8 : 16;
      case 2 -> few ? 4 : sum ? 12 : 8;
      default -> few ? 4 : 8;
    };
  }

  /** Rows of a sum's blocks that waste as few as can be: four rows at a time is the least. */
  static int rowsOfSum(int count, int vectors) {
    return (even(count, rows(vectors, true)) + 3) / 4 * 4;
  }

  /**
   * Rows of at most {@code most} such that {@code count} take the fewest blocks, as even as can be.
   */
  static int even(int count, int most) {
    int blocks = (count + most - 1) / most;
    return (count + blocks - 1) / blocks;
  }

  /** See {@link Code#run}. */
  void run(
      int[] blocks,
      int[] runs,
      float[] a,
      int startA,
      float[] b,
      int startB,
      float[] c,
      int startC,
      int rowC) {
    Code fast = code();
    if (fast == null) {
      plain(form, strides, blocks, runs, a, startA, b, startB, c, startC, rowC);
    } else {
      fast.run(
          blocks,
          runs,
          a,
          startA,
          b,
          startB,
          c,
          startC,
          rowC,
          strides.rowA,
          strides.stepA,
          strides.stepB);
    }
  }

  /** The best there is by now. Threads that count at once lose a count, no more. */
  private @Nullable Code code() {
    SimdBlockCompiler.Slot mine = special;
    if (mine == null && !form.sum && ++calls == HOT) {
      int rowA = strides.rowA;
      special = SimdBlockCompiler.slot(new Form(false, form.rows, form.vectors, form.flat, rowA));
    }
    Code best = mine == null ? null : mine.compiled();
    return best == null ? general.compiled() : best;
  }

  /** The same in blocks of four rows by one vector, of any form: a third to half as fast. */
  static void plain(
      Form form,
      Strides strides,
      int[] blocks,
      int[] runs,
      float[] a,
      int startA,
      float[] b,
      int startB,
      float[] c,
      int startC,
      int rowC) {
    for (int block = 0; block < blocks.length; block += 2) {
      for (int r = 0; r < form.rows; r += 4) {
        // Where fewer than four rows are left, some are computed again: only where c is written
        // over, since in sums the rows are a multiple of four.
        int row = Math.max(0, Math.min(r, form.rows - 4));
        int fromA = startA + blocks[block] + row * strides.rowA;
        int toC = startC + blocks[block + 1] + row * rowC;
        for (int v = 0; v < form.vectors; v++) {
          int at = v * LANES;
          if (form.rows < 4) {
            for (int each = 0; each < form.rows; each++) {
              int from = fromA + each * strides.rowA;
              one(form, strides, runs, a, from, b, startB + at, c, toC + each * rowC + at);
            }
          } else {
            four(form, strides, runs, a, fromA, b, startB + at, c, toC + at, rowC);
          }
        }
      }
    }
  }

  private static void four(
      Form form,
      Strides strides,
      int[] runs,
      float[] a,
      int fromA,
      float[] b,
      int fromB,
      float[] c,
      int toC,
      int rowC) {
    int width = form.flat ? 1 : 3;
    int rowA = strides.rowA;
    FloatVector c0 = form.sum ? FloatVector.fromArray(S, c, toC) : FloatVector.zero(S);
    FloatVector c1 = form.sum ? FloatVector.fromArray(S, c, toC + rowC) : FloatVector.zero(S);
    FloatVector c2 = form.sum ? FloatVector.fromArray(S, c, toC + 2 * rowC) : FloatVector.zero(S);
    FloatVector c3 = form.sum ? FloatVector.fromArray(S, c, toC + 3 * rowC) : FloatVector.zero(S);
    for (int run = 0; run < runs.length; run += width) {
      int atA = fromA + runs[run];
      int atB = fromB + (form.flat ? run * strides.stepB : runs[run + 1]);
      int count = form.flat ? 1 : runs[run + 2];
      for (int i = 0; i < count; i++) {
        FloatVector y = FloatVector.fromArray(S, b, atB);
        c0 = FloatVector.broadcast(S, a[atA]).fma(y, c0);
        c1 = FloatVector.broadcast(S, a[atA + rowA]).fma(y, c1);
        c2 = FloatVector.broadcast(S, a[atA + 2 * rowA]).fma(y, c2);
        c3 = FloatVector.broadcast(S, a[atA + 3 * rowA]).fma(y, c3);
        atA += strides.stepA;
        atB += strides.stepB;
      }
    }
    c0.intoArray(c, toC);
    c1.intoArray(c, toC + rowC);
    c2.intoArray(c, toC + 2 * rowC);
    c3.intoArray(c, toC + 3 * rowC);
  }

  private static void one(
      Form form,
      Strides strides,
      int[] runs,
      float[] a,
      int fromA,
      float[] b,
      int fromB,
      float[] c,
      int toC) {
    int width = form.flat ? 1 : 3;
    FloatVector sum = form.sum ? FloatVector.fromArray(S, c, toC) : FloatVector.zero(S);
    for (int run = 0; run < runs.length; run += width) {
      int atA = fromA + runs[run];
      int atB = fromB + (form.flat ? run * strides.stepB : runs[run + 1]);
      int count = form.flat ? 1 : runs[run + 2];
      for (int i = 0; i < count; i++) {
        sum = FloatVector.broadcast(S, a[atA]).fma(FloatVector.fromArray(S, b, atB), sum);
        atA += strides.stepA;
        atB += strides.stepB;
      }
    }
    sum.intoArray(c, toC);
  }
}
