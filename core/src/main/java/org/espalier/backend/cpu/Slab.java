package org.espalier.backend.cpu;

/**
 * Carves buffers out of large arrays such that a vector of 64 bytes does not straddle two cache
 * lines, as any would otherwise: 3 to 7 % of a step, see bench/RESULTS.md.
 *
 * <p>It is luck that one can rely on: HotSpot's arrays begin with 16 bytes of header, and G1 places
 * large ones at the start of a region and leaves them there. Where that is not so, only speed is
 * lost.
 */
final class Slab {
  /** Floats of a cache line of 64 bytes. */
  private static final int LINE = 16;

  /** Floats before the first: with them an array is a whole number of G1's regions. */
  private static final int HEADER = 16 / Float.BYTES;

  /** The first float of an array that begins a line. */
  private static final int START = LINE - HEADER;

  private static final int SMALLEST = 1 << 18;
  private static final int REGION = 1 << 20;
  private static final int LARGEST = 1 << 24;

  private float[] array = new float[0];
  private int next;
  private long total;

  /** A buffer that nobody else has, all zero. */
  synchronized CpuBuffer take(int size) {
    if (size > LARGEST / 4) {
      return new CpuBuffer(new float[START + size], START, size);
    }
    if (next + size > array.length) {
      // A quarter of what there is: so much may be left over at the end.
      long length = Math.max(total / 4, START + size + HEADER);
      length = length <= SMALLEST ? SMALLEST : (length + REGION - 1) / REGION * REGION;
      array = new float[(int) Math.min(LARGEST, length) - HEADER];
      next = START;
      total += array.length;
    }
    CpuBuffer taken = new CpuBuffer(array, next, size);
    next += (size + LINE - 1) / LINE * LINE;
    return taken;
  }
}
