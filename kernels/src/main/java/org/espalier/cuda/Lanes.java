package org.espalier.cuda;

import org.espalier.backend.Buffer;
import org.jspecify.annotations.Nullable;

/** The two forms of a kernel: with vectors of four floats, and with single ones. */
record Lanes(Kernel four, Kernel one) {
  /** Threads of a block in sweeps and reductions: BLOCK in espalier.cuh. */
  static final int BLOCK = 256;

  static Lanes of(Device device, String file, String name) {
    return new Lanes(device.kernel(file, name + "_v4"), device.kernel(file, name + "_v1"));
  }

  Kernel form(int width) {
    return width == 4 ? four : one;
  }

  /** 4 where all buffers start at a multiple of 16 bytes, 1 otherwise. */
  static int width(@Nullable Buffer... buffers) {
    for (Buffer buffer : buffers) {
      if (CudaBuffer.address(buffer) % 16 != 0) {
        return 1;
      }
    }
    return 4;
  }

  /** As {@link #width}, for rows of {@code c} channels: 4 needs them to be a multiple of 4. */
  static int width(int c, @Nullable Buffer... buffers) {
    return c % 4 == 0 ? width(buffers) : 1;
  }

  /** Blocks for a sweep over {@code size} elements, {@code width} a thread. */
  static int blocks(int size, int width) {
    return ceil(size, BLOCK * width);
  }

  static int ceil(int a, int b) {
    return (int) (((long) a + b - 1) / b);
  }

  /** The least power of two that is not below n. */
  static int powerOfTwo(int n) {
    return n <= 1 ? 1 : Integer.highestOneBit(n - 1) << 1;
  }
}
