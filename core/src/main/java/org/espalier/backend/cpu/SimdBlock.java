package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;

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
 * machine, which takes a while. Until {@link SimdBlockCompiler} has seen to that, plain loops do
 * the same products in the same order, and so to the same bits.
 */
final class SimdBlock {
  /** Columns of one vector. */
  static final int LANES = FloatVector.SPECIES_PREFERRED.length();

  private final Form form;
  private final Strides strides;
  private final SimdBlockCompiler.Slot code;

  /**
   * What is constant in the code of a block.
   *
   * @param sum whether the rows lie side by side in a and are added to c, as in the gradient of a
   *     weight: rowA is 1. Otherwise a run lies side by side in a and is packed in b: stepA is 1,
   *     stepB what the vectors hold, and c is written over
   * @param flat whether a run is a single product: for three vectors, whose arithmetic hides the
   *     look-up of its place, that is faster than to enter and leave a loop for each run
   */
  record Form(boolean sum, int rows, int vectors, boolean flat) {}

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
    code = SimdBlockCompiler.slot(form);
  }

  /**
   * The most rows of a block of {@code vectors} that the registers hold: 32 with AVX-512 and NEON,
   * 16 with AVX2. Measured; twelve rows of two vectors are better where rows lie side by side.
   */
  static int rows(int vectors, boolean sum) {
    int least = LANES == 8 ? 4 : 8;
    return switch (vectors) {
      case 1 -> 2 * least;
      case 2 -> sum ? least + least / 2 : least;
      default -> least;
    };
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
    Code fast = code.compiled();
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

  /** The definition. */
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
    float[] sums = new float[form.vectors * LANES];
    int width = form.flat ? 1 : 3;
    for (int block = 0; block < blocks.length; block += 2) {
      for (int r = 0; r < form.rows; r++) {
        int to = startC + blocks[block + 1] + r * rowC;
        for (int j = 0; j < sums.length; j++) {
          sums[j] = form.sum ? c[to + j] : 0;
        }
        for (int run = 0; run < runs.length; run += width) {
          int atA = startA + blocks[block] + runs[run] + r * strides.rowA;
          int atB = startB + (form.flat ? run * strides.stepB : runs[run + 1]);
          int count = form.flat ? 1 : runs[run + 2];
          for (int i = 0; i < count; i++) {
            addProduct(sums, a[atA + i * strides.stepA], b, atB + i * strides.stepB);
          }
        }
        System.arraycopy(sums, 0, c, to, sums.length);
      }
    }
  }

  private static void addProduct(float[] sums, float x, float[] b, int at) {
    for (int j = 0; j < sums.length; j++) {
      sums[j] = Math.fma(x, b[at + j], sums[j]);
    }
  }
}
