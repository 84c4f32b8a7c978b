package org.espalier.cuda;

import java.util.ArrayList;
import java.util.List;

/**
 * Memory for the parts of sums, for the length of one primitive. It grows and is kept; what it grew
 * out of is kept too, since a recorded step may still write there.
 */
final class Scratch {
  /** Slices start at multiples of this, so that vectors can be read from them. */
  private static final int ALIGNMENT = 4;

  private final Device device;
  private final List<CudaBuffer> outgrown = new ArrayList<>();
  private CudaBuffer memory;
  private int used;

  Scratch(Device device) {
    this.device = device;
    memory = device.allocate(1 << 20);
  }

  /** Begins a primitive: all slices are free. */
  Scratch begin() {
    used = 0;
    return this;
  }

  /** The next slice; earlier ones stay as they are. */
  CudaBuffer take(int floats) {
    int size = (floats + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (used + (long) size > memory.size()) {
      outgrown.add(memory);
      memory =
          device.allocate((int) Math.min(Integer.MAX_VALUE, Math.max(size, 2L * memory.size())));
      used = 0;
    }
    CudaBuffer slice = memory.slice(used, floats);
    used += size;
    return slice;
  }
}
