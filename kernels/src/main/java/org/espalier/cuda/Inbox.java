package org.espalier.cuda;

import static jcuda.driver.CUevent_flags.CU_EVENT_DISABLE_TIMING;
import static jcuda.driver.JCudaDriver.cuEventCreate;
import static jcuda.driver.JCudaDriver.cuEventDestroy;
import static jcuda.driver.JCudaDriver.cuEventRecord;
import static jcuda.driver.JCudaDriver.cuEventSynchronize;
import static jcuda.driver.JCudaDriver.cuMemAllocHost;
import static jcuda.driver.JCudaDriver.cuMemFreeHost;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream;

/**
 * What the host has for the work that is queued: batches and the numbers that change from step to
 * step. One copy takes all of it to the device before the work begins, always to the same place, so
 * that the work itself need not change. Pinned buffers on the host take turns.
 */
final class Inbox implements AutoCloseable {
  private static final int TURNS = 3;

  private final CUstream stream;
  private final int capacity;
  private final Arena.Block block;
  private final Pointer[] pinned = new Pointer[TURNS];
  private final ByteBuffer[] staging = new ByteBuffer[TURNS];
  private final CUevent[] copied = new CUevent[TURNS];
  private final boolean[] underWay = new boolean[TURNS];
  private int turn;
  private int used;

  Inbox(CUstream stream, Arena arena, int capacity) {
    this.stream = stream;
    this.capacity = capacity;
    block = arena.allocate(capacity);
    for (int i = 0; i < TURNS; i++) {
      pinned[i] = new Pointer();
      CudaException.check(cuMemAllocHost(pinned[i], capacity), "allocating pinned memory");
      staging[i] = pinned[i].getByteBuffer(0, capacity).order(ByteOrder.nativeOrder());
      copied[i] = new CUevent();
      CudaException.check(cuEventCreate(copied[i], CU_EVENT_DISABLE_TIMING), "making an event");
    }
  }

  /** Whether that many bytes fit beside what is there. */
  boolean fits(long bytes) {
    return used + bytes + 16 <= capacity;
  }

  /** Bytes that fit at most. */
  int capacity() {
    return capacity - 16;
  }

  /** Takes a value; returns where it will be on the device. */
  long put(float value) {
    return put(Float.floatToRawIntBits(value));
  }

  /** As {@link #put(float)}. */
  long put(int value) {
    front().putInt(used, value);
    return advance(8);
  }

  /** As {@link #put(float)}. */
  long put(long value) {
    front().putLong(used, value);
    return advance(8);
  }

  /** As {@link #put(float)}. */
  long put(float[] values, int count) {
    front()
        .slice(used, 4 * count)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer()
        .put(values, 0, count);
    return advance(4 * count);
  }

  /** As {@link #put(float)}. */
  long put(int[] values, int count) {
    front()
        .slice(used, 4 * count)
        .order(ByteOrder.nativeOrder())
        .asIntBuffer()
        .put(values, 0, count);
    return advance(4 * count);
  }

  private ByteBuffer front() {
    if (underWay[turn]) {
      CudaException.check(cuEventSynchronize(copied[turn]), "waiting for the device");
      underWay[turn] = false;
    }
    return staging[turn];
  }

  /** As {@link #put(float)}. */
  long put(byte[] values, int count) {
    front().put(used, values, 0, count);
    return advance(count);
  }

  private long advance(int bytes) {
    long at = block.address() + used;
    used += (bytes + 15) & -16;
    return at;
  }

  /** Sends what is there on its way. */
  void send() {
    if (used > 0) {
      CudaException.check(
          cuMemcpyHtoDAsync(block.pointer(block.address()), pinned[turn], used, stream),
          "copying to the device");
      CudaException.check(cuEventRecord(copied[turn], stream), "recording an event");
      underWay[turn] = true;
      turn = (turn + 1) % TURNS;
      used = 0;
    }
  }

  /** Forgets what is there. */
  void clear() {
    used = 0;
  }

  /** A pointer from which others can be made. */
  DevicePointer base() {
    return block.pointer(block.address());
  }

  @Override
  public void close() {
    for (int i = 0; i < TURNS; i++) {
      cuEventDestroy(copied[i]);
      cuMemFreeHost(pinned[i]);
    }
  }
}
