package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
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
 * machine, which takes a quarter of a second for each form. Until {@link SimdBlockCompiler} has
 * seen to that, plain loops do the same products in the same order, and so to the same bits.
 */
final class SimdBlock {
  /** Columns of one vector. */
  static final int LANES = FloatVector.SPECIES_PREFERRED.length();

  private final Form form;
  private volatile @Nullable Code code;

  /**
   * What is constant in the code of a block.
   *
   * @param flat whether a run is a single product: for three vectors, whose arithmetic hides the
   *     look-up of its place, that is faster than to enter and leave a loop for each run
   */
  record Form(int rows, int vectors, int rowA, int stepA, int stepB, boolean flat) {}

  /** The code of a form. */
  interface Code {
    /**
     * Sums the blocks.
     *
     * @param blocks a0, c0 of one block, of the next, ...
     * @param runs a1, b1, count of one run, of the next, ...; flat: a1 of each product, where b1 is
     *     stepB further each time
     * @param rowC floats from a row of c to the next
     * @param add whether the sums are added to c rather than written over it
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
        boolean add);
  }

  SimdBlock(Form form) {
    this.form = form;
  }

  Form form() {
    return form;
  }

  void compiled(Code fast) {
    code = fast;
  }

  /**
   * The most rows of a block of {@code vectors} that the registers hold: 32 with AVX-512 and NEON,
   * 16 with AVX2. Measured; twelve rows of two vectors are better where rows lie side by side.
   */
  static int rows(int vectors, boolean sideBySide) {
    int least = LANES == 8 ? 4 : 8;
    return switch (vectors) {
      case 1 -> 2 * least;
      case 2 -> sideBySide ? least + least / 2 : least;
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
      int rowC,
      boolean add) {
    Code fast = code;
    if (fast == null) {
      plain(form, blocks, runs, a, startA, b, startB, c, startC, rowC, add);
    } else {
      fast.run(blocks, runs, a, startA, b, startB, c, startC, rowC, add);
    }
  }

  /** The definition. */
  static void plain(
      Form form,
      int[] blocks,
      int[] runs,
      float[] a,
      int startA,
      float[] b,
      int startB,
      float[] c,
      int startC,
      int rowC,
      boolean add) {
    float[] sums = new float[form.vectors * LANES];
    int width = form.flat ? 1 : 3;
    for (int block = 0; block < blocks.length; block += 2) {
      for (int r = 0; r < form.rows; r++) {
        java.util.Arrays.fill(sums, 0);
        for (int run = 0; run < runs.length; run += width) {
          int atA = startA + blocks[block] + runs[run] + r * form.rowA;
          int atB = startB + (form.flat ? run * form.stepB : runs[run + 1]);
          int count = form.flat ? 1 : runs[run + 2];
          for (int i = 0; i < count; i++) {
            addProduct(sums, a[atA + i * form.stepA], b, atB + i * form.stepB);
          }
        }
        int to = startC + blocks[block + 1] + r * rowC;
        for (int j = 0; j < sums.length; j++) {
          c[to + j] = add ? c[to + j] + sums[j] : sums[j];
        }
      }
    }
  }

  private static void addProduct(float[] sums, float x, float[] b, int at) {
    for (int j = 0; j < sums.length; j++) {
      sums[j] = Math.fma(x, b[at + j], sums[j]);
    }
  }
}
