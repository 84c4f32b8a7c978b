package org.espalier.backend.cpu;

/**
 * Sums of products over one image.
 *
 * @param blocks see {@link SimdBlock.Code#run}
 * @param startB where b begins
 * @param startC where c begins
 * @param rowC floats from a row of c to the next
 */
record SimdProduct(SimdBlock kernel, int[] blocks, int[] runs, int startB, int startC, int rowC) {
  void run(float[] a, int atA, float[] b, int atB, float[] c, int atC) {
    kernel.run(blocks, runs, a, atA, b, atB + startB, c, atC + startC, rowC);
  }
}
