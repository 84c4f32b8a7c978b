package org.espalier.cuda;

import org.espalier.backend.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of the next launch, written straight to where the {@link Queue} keeps them: a
 * launch makes no objects. Not for several threads.
 *
 * <pre>{@code
 * launch.begin().f32(a).ptr(x).f32(b).ptr(y).i32(n).run(axpby, blocks, 256);
 * }</pre>
 */
final class Launch {
  private final Queue queue;
  private final int[] offsets = new int[Queue.ARGUMENTS];
  private int arguments;
  private int start;
  private int end;
  private boolean struct;
  private long count;

  Launch(Queue queue) {
    this.queue = queue;
  }

  /** Forgets the arguments of the last launch. */
  Launch begin() {
    queue.room(Queue.RECORD);
    start = queue.valuesStart();
    end = start;
    arguments = 0;
    struct = false;
    return this;
  }

  /** A pointer to device memory; null is 0. */
  Launch ptr(@Nullable Buffer buffer) {
    return i64(CudaBuffer.address(buffer));
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

  /** As {@link #stepF32}, {@code const int*}. */
  Launch stepI32(int value) {
    return i64(queue.inbox().put(value));
  }

  /** As {@link #stepF32}, several of them; there may be up to 1000. */
  Launch stepI32s(int[] values, int size) {
    return i64(queue.inbox().put(values, size));
  }

  /** As {@link #stepF32}, {@code const long long*}. */
  Launch stepI64(long value) {
    return i64(queue.inbox().put(value));
  }

  /**
   * What is added from here to {@link #endStruct} is one argument: a struct of just these members,
   * aligned as C does.
   */
  Launch struct() {
    align(8);
    offsets[arguments++] = end - start;
    struct = true;
    return this;
  }

  Launch endStruct() {
    align(8);
    struct = false;
    return this;
  }

  /** Leaves {@code bytes} of a struct unset: the rest of an array that is not used. */
  Launch skip(int bytes) {
    for (int i = 0; i < bytes; i += 4) {
      queue.bytes().putInt(end + i, 0);
    }
    end += bytes;
    return this;
  }

  /** Launches over a line of blocks, without dynamic shared memory. */
  void run(Kernel kernel, int blocks, int threads) {
    run(kernel, blocks, 1, 1, threads, 1, 1, 0);
  }

  /**
   * Launches, later; what the driver has to say to it comes out where somebody waits.
   *
   * @throws CudaException if this or an earlier launch fails
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
    if (sharedBytes > kernel.sharedLimit()) {
      kernel.allowShared(sharedBytes);
    }
    queue.launch(
        kernel, gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes, end, offsets, arguments);
    count++;
  }

  /** Launches so far. */
  long count() {
    return count;
  }

  /** Where the next value of that many bytes goes. */
  private int place(int bytes) {
    align(bytes);
    int at = end;
    if (!struct) {
      offsets[arguments++] = at - start;
    }
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
