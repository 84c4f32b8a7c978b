package org.espalier.cuda;

import org.espalier.backend.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of the next launch, one struct, aligned as C does, written straight to where the
 * {@link Queue} keeps them: a launch makes no objects. Not for several threads.
 *
 * <p>What a kernel is given to read and what to write is told apart, for the queue does at once
 * what does not depend on each other.
 *
 * <pre>{@code
 * launch.begin().reads(x).writes(y).stepF32(a).stepF32(b).i32(n).run(axpby, blocks, 256);
 * }</pre>
 */
final class Launch {
  private final Queue queue;
  private final long[] addresses = new long[Records.ACCESSES];
  private final long[] extents = new long[Records.ACCESSES];
  private int accesses;
  private int end;

  Launch(Queue queue) {
    this.queue = queue;
  }

  /** Forgets the arguments of the last launch. */
  Launch begin() {
    queue.room(Records.LARGEST);
    end = queue.valuesStart();
    accesses = 0;
    return this;
  }

  /** A pointer to what the kernel reads; null is 0. */
  Launch reads(@Nullable Buffer buffer) {
    return pointer(buffer, 0);
  }

  /** A pointer to what the kernel writes, and perhaps reads; null is 0. */
  Launch writes(@Nullable Buffer buffer) {
    return pointer(buffer, 1);
  }

  private Launch pointer(@Nullable Buffer buffer, int writes) {
    long address = CudaBuffer.address(buffer);
    if (buffer != null) {
      addresses[accesses] = address;
      extents[accesses++] = 8L * buffer.size() + writes;
    }
    return i64(address);
  }

  Launch i64(long value) {
    queue.bytes().putLong(place(8), value);
    return this;
  }

  Launch i32(int value) {
    queue.bytes().putInt(place(4), value);
    return this;
  }

  Launch f32(float value) {
    queue.bytes().putFloat(place(4), value);
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
    return i64(queue.inbox().put(value));
  }

  /** As {@link #stepF32}, {@code const int*}, several of them; there may be up to 1000. */
  Launch stepI32s(int[] values, int size) {
    return i64(queue.inbox().put(values, size));
  }

  /** As {@link #stepF32}, {@code const long long*}. */
  Launch stepI64(long value) {
    return i64(queue.inbox().put(value));
  }

  /** Launches over a line of blocks, without dynamic shared memory. */
  void run(Kernel kernel, int blocks, int threads) {
    run(kernel, blocks, 1, 1, threads, 0);
  }

  /**
   * Launches, later; what the driver has to say to it comes out where somebody waits.
   *
   * @throws CudaException if this or an earlier launch fails
   */
  void run(Kernel kernel, int gridX, int gridY, int gridZ, int threads, int sharedBytes) {
    if (sharedBytes > kernel.sharedLimit()) {
      kernel.allowShared(sharedBytes);
    }
    align(8);
    queue.launch(
        kernel, gridX, gridY, gridZ, threads, sharedBytes, end, addresses, extents, accesses);
  }

  /** As {@link #run}, a call of a library by its number in the {@link Queue}. */
  void call(int number) {
    align(8);
    queue.call(number, end, addresses, extents, accesses);
  }

  /** Where the next value of that many bytes goes. */
  private int place(int bytes) {
    align(bytes);
    int at = end;
    end = at + bytes;
    return at;
  }

  /** What is skipped is zero, as records are compared. */
  private void align(int bytes) {
    if ((end & (bytes - 1)) != 0) {
      queue.bytes().putInt(end, 0);
      end += 4;
    }
  }
}
