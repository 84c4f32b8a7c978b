package org.espalier.cuda;

import static jcuda.driver.JCudaDriver.cuLaunchKernel;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoD;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.CUstream;
import org.espalier.backend.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of the next launch, and the launch itself. One direct buffer holds the values and,
 * before them, the table of their addresses that {@code cuLaunchKernel} wants: a launch makes no
 * objects. Not for several threads.
 *
 * <pre>{@code
 * launch.begin().f32(a).ptr(x).f32(b).ptr(y).i32(n).run(axpby, blocks, 256);
 * }</pre>
 */
final class Launch {
  private static final int ARGUMENTS = 64;
  private static final int TABLE = 8 * ARGUMENTS;

  /** All arguments of a kernel together may take this much. */
  private static final int VALUES = 4096;

  private final ByteBuffer memory =
      ByteBuffer.allocateDirect(TABLE + VALUES + 8).order(ByteOrder.nativeOrder());
  private final long address = MemorySegment.ofBuffer(memory).address();
  private final Pointer table = Pointer.to(memory); // the only one, made once
  private final CUstream stream;
  private int arguments;
  private int end;
  private boolean struct;
  private long count;

  private static final int SLOTS = 1024;
  private final Arena.Block slots;
  private int nextSlot;

  Launch(CUstream stream, Arena arena) {
    this.stream = stream;
    slots = arena.allocate(8 * SLOTS);
  }

  /** Forgets the arguments of the last launch. */
  Launch begin() {
    arguments = 0;
    end = TABLE;
    struct = false;
    return this;
  }

  /** A pointer to device memory; null is 0. */
  Launch ptr(@Nullable Buffer buffer) {
    return i64(CudaBuffer.address(buffer));
  }

  Launch i64(long value) {
    memory.putLong(place(8), value);
    return this;
  }

  Launch i32(int value) {
    memory.putInt(place(4), value);
    return this;
  }

  Launch f32(float value) {
    memory.putFloat(place(4), value);
    return this;
  }

  Launch bool(boolean value) {
    return i32(value ? 1 : 0);
  }

  /**
   * A number that changes from step to step, such as a learning rate: the kernel gets a pointer to
   * it, {@code const float*}, and a captured step finds the new one there.
   */
  Launch stepF32(float value) {
    return i64(stepSlot(Float.floatToRawIntBits(value), 0));
  }

  /** As {@link #stepF32}, {@code const int*}. */
  Launch stepI32(int value) {
    return i64(stepSlot(value, 0));
  }

  /** As {@link #stepF32}, {@code const long long*}. */
  Launch stepI64(long value) {
    return i64(stepSlot((int) value, (int) (value >>> 32)));
  }

  private long stepSlot(int low, int high) {
    DevicePointer slot = slots.pointer(slots.address() + 8L * (nextSlot++ % SLOTS));
    CudaException.check(
        cuMemcpyHtoD(slot, Pointer.to(new int[] {low, high}), 8), "copying to the device");
    return slot.address();
  }

  /**
   * What is added from here to {@link #endStruct} is one argument: a struct of just these members,
   * aligned as C does.
   */
  Launch struct() {
    end = (end + 7) & -8;
    memory.putLong(8 * arguments++, address + end);
    struct = true;
    return this;
  }

  Launch endStruct() {
    end = (end + 7) & -8;
    struct = false;
    return this;
  }

  /** Leaves {@code bytes} of a struct unset: the rest of an array that is not used. */
  Launch skip(int bytes) {
    end += bytes;
    return this;
  }

  /** Launches over a line of blocks, without dynamic shared memory. */
  void run(Kernel kernel, int blocks, int threads) {
    run(kernel, blocks, 1, 1, threads, 1, 1, 0);
  }

  /**
   * Launches.
   *
   * @throws CudaException if the driver refuses
   */
  void run(
      Kernel kernel,
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ,
      int sharedBytes) {
    count++;
    if (end > TABLE + VALUES) {
      throw new IllegalStateException(kernel.name() + " takes more than " + VALUES + " bytes");
    }
    if (sharedBytes > kernel.sharedLimit()) {
      kernel.allowShared(sharedBytes);
    }
    int result =
        cuLaunchKernel(
            kernel.function(),
            gridX,
            gridY,
            gridZ,
            blockX,
            blockY,
            blockZ,
            sharedBytes,
            stream,
            table,
            null);
    if (result != 0) {
      throw CudaException.of(result, "launching " + kernel.name());
    }
  }

  /** Launches so far. */
  long count() {
    return count;
  }

  /** Where the next value of that many bytes goes. */
  private int place(int bytes) {
    int at = (end + bytes - 1) & -bytes;
    if (!struct) {
      memory.putLong(8 * arguments++, address + at);
    }
    end = at + bytes;
    return at;
  }
}
