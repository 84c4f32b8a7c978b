package org.espalier.backend.cpu;

/**
 * The array in which the chunks of a reduction leave their sums, for the caller to add in their
 * order. It belongs to the calling thread, grows and is kept. Reductions do not nest, hence one for
 * each thread.
 */
final class PartialSums {
  private static final ThreadLocal<PartialSums> LOCAL = ThreadLocal.withInitial(PartialSums::new);

  private double[] sums = {};

  private PartialSums() {}

  /** At least {@code size} doubles with unspecified content. */
  static double[] of(int size) {
    PartialSums mine = LOCAL.get();
    if (mine.sums.length < size) {
      mine.sums = new double[size];
    }
    return mine.sums;
  }
}
