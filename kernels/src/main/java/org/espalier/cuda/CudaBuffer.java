package org.espalier.cuda;

import org.espalier.backend.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * A run of floats in device memory. It keeps the {@link Arena.Block} that it lies in; the block
 * returns to the arena when no buffer refers to it any more.
 */
final class CudaBuffer implements Buffer {
  private final Arena.Block block;
  private final long address;
  private final int size;

  CudaBuffer(Arena.Block block, long address, int size) {
    this.block = block;
    this.address = address;
    this.size = size;
  }

  static CudaBuffer of(Buffer buffer) {
    return (CudaBuffer) buffer;
  }

  /** Its device address; that of null is 0. */
  static long address(@Nullable Buffer buffer) {
    return buffer == null ? 0 : ((CudaBuffer) buffer).address;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public CudaBuffer slice(int offset, int length) {
    if (offset < 0 || length < 0 || offset + length > size) {
      throw new IndexOutOfBoundsException(
          "slice of " + length + " from " + offset + " in a buffer of " + size);
    }
    return new CudaBuffer(block, address + 4L * offset, length);
  }

  Arena.Block block() {
    return block;
  }

  /** What JCuda's copies want. */
  DevicePointer pointer() {
    return block.pointer(address);
  }
}
