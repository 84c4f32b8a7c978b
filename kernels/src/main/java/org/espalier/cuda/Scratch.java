package org.espalier.cuda;

import java.util.ArrayList;
import java.util.List;

/**
 * Memory for the parts of sums, for the length of one primitive. Primitives take theirs one behind
 * the other, and from the start again at the end: neighbours share none, for they may be computed
 * at once. It grows and is kept; what it grew out of is kept too, since a recorded step may still
 * write there.
 */
final class Scratch {
  private static final int FLOATS = 8 << 20;

  /** Slices start at multiples of this, so that vectors can be read from them. */
  private static final int ALIGNMENT = 4;

  private final Device device;
  private final List<CudaBuffer> outgrown = new ArrayList<>();
  private CudaBuffer memory;
  private int used;
  private int taken;

  Scratch(Device device) {
    this.device = device;
    memory = device.allocate(FLOATS);
  }

  /**
   * Bytes of it by the time that a primitive has taken so many floats: as many again may be left
   * over at the end, where a slice did not fit.
   */
  static long bytes(long floats) {
    long all = FLOATS;
    for (long size = FLOATS; size < 2 * floats && size < Integer.MAX_VALUE; size *= 2) {
      all += 2 * size;
    }
    return Float.BYTES * all;
  }

  /** Begins a pass: like passes take like slices. */
  void rewind() {
    used = 0;
  }

  /** Begins a primitive. */
  Scratch begin() {
    taken = 0;
    return this;
  }

  /** The next slice; earlier ones of the primitive stay as they are. */
  CudaBuffer take(int floats) {
    int size = (floats + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (used + (long) size > memory.size()) {
      taken += memory.size() - used;
      used = 0;
    }
    if (taken + (long) size > memory.size()) {
      outgrown.add(memory);
      memory =
          device.allocate((int) Math.min(Integer.MAX_VALUE, Math.max(size, 2L * memory.size())));
      used = 0;
      taken = 0;
    }
    CudaBuffer slice = memory.slice(used, floats);
    used += size;
    taken += size;
    return slice;
  }
}
