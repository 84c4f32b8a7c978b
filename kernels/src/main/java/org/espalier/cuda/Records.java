package org.espalier.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Pieces of work, one behind the other, in the order of their calls: launches and calls of
 * libraries with their arguments and what these read and write, copies, fills.
 */
final class Records {
  /** Arguments of a launch may take this much. */
  static final int VALUES = 4096;

  /** Buffers that a launch may read and write. */
  static final int ACCESSES = 192;

  static final int HEADER = 40;

  /** Room that a launch may need. */
  static final int LARGEST = HEADER + VALUES + 16 * ACCESSES;

  /** Size of a copy or a fill. */
  static final int SIMPLE = 32;

  static final int LAUNCH = 1;
  static final int COPY = 2;
  static final int FILL = 3;
  static final int CALL = 4;

  private final ByteBuffer bytes;
  private final MemorySegment memory;
  private final int[] starts;
  private int end;
  private int count;

  /**
   * @param capacity in bytes
   * @param most pieces
   */
  Records(int capacity, int most) {
    bytes = ByteBuffer.allocateDirect(capacity).order(ByteOrder.nativeOrder());
    memory = MemorySegment.ofBuffer(bytes);
    starts = new int[most];
  }

  ByteBuffer bytes() {
    return bytes;
  }

  /** All that is there. */
  MemorySegment memory() {
    return memory.asSlice(0, end);
  }

  int count() {
    return count;
  }

  boolean fits(int size) {
    return end + size <= bytes.capacity() && count < starts.length;
  }

  void clear() {
    end = 0;
    count = 0;
  }

  /** Where the arguments of the next launch begin. */
  int valuesStart() {
    return end + HEADER;
  }

  void launch(
      int kernel,
      int gridX,
      int gridY,
      int gridZ,
      int threads,
      int sharedBytes,
      int valuesEnd,
      long[] addresses,
      long[] extents,
      int accesses) {
    int at = begin(LAUNCH, valuesEnd + 16 * accesses - end);
    bytes.putInt(at + 8, kernel);
    bytes.putInt(at + 12, gridX);
    bytes.putInt(at + 16, gridY);
    bytes.putInt(at + 20, gridZ);
    bytes.putInt(at + 24, threads);
    bytes.putInt(at + 28, sharedBytes);
    bytes.putInt(at + 32, valuesEnd - at - HEADER);
    bytes.putInt(at + 36, accesses);
    for (int i = 0; i < accesses; i++) {
      bytes.putLong(valuesEnd + 16 * i, addresses[i]);
      bytes.putLong(valuesEnd + 16 * i + 8, extents[i]);
    }
  }

  /** A call of a library: as a launch of no blocks. */
  void call(int number, int valuesEnd, long[] addresses, long[] extents, int accesses) {
    launch(number, 0, 0, 0, 0, 0, valuesEnd, addresses, extents, accesses);
    bytes.putInt(starts[count - 1], CALL);
  }

  /** A copy from {@code what}, or a fill with it; {@code size} in bytes, or floats. */
  void simple(int kind, long to, long what, long size) {
    int at = begin(kind, SIMPLE);
    bytes.putLong(at + 8, to);
    bytes.putLong(at + 16, what);
    bytes.putLong(at + 24, size);
  }

  private int begin(int kind, int size) {
    int at = end;
    bytes.putInt(at, kind);
    bytes.putInt(at + 4, size);
    starts[count++] = at;
    end += size;
    return at;
  }

  int kind(int i) {
    return bytes.getInt(starts[i]);
  }

  /** The number of a launch's kernel, or of a call. */
  int kernel(int i) {
    return bytes.getInt(starts[i] + 8);
  }

  /** Blocks along an axis: 0, 1 or 2. */
  int grid(int i, int axis) {
    return bytes.getInt(starts[i] + 12 + 4 * axis);
  }

  int threads(int i) {
    return bytes.getInt(starts[i] + 24);
  }

  int sharedBytes(int i) {
    return bytes.getInt(starts[i] + 28);
  }

  /** Where the arguments begin. */
  int valuesAt(int i) {
    return starts[i] + HEADER;
  }

  int valuesSize(int i) {
    return bytes.getInt(starts[i] + 32);
  }

  /** Copies the arguments. */
  void values(int i, ByteBuffer to, int at) {
    to.put(at, bytes, valuesAt(i), valuesSize(i));
  }

  /** Where a copy or a fill goes. */
  long to(int i) {
    return bytes.getLong(starts[i] + 8);
  }

  /** From where a copy comes, or the bits of a fill. */
  long what(int i) {
    return bytes.getLong(starts[i] + 16);
  }

  long size(int i) {
    return bytes.getLong(starts[i] + 24);
  }

  /** Tells the schedule what a piece reads and writes. */
  void tell(int i, Schedule schedule) {
    schedule.piece();
    switch (kind(i)) {
      case LAUNCH, CALL -> {
        int at = valuesAt(i) + valuesSize(i);
        int accesses = bytes.getInt(starts[i] + 36);
        for (int a = 0; a < accesses; a++, at += 16) {
          long start = bytes.getLong(at);
          long extent = bytes.getLong(at + 8);
          schedule.access(start, start + (extent >> 1), (extent & 1) != 0);
        }
      }
      case COPY -> {
        schedule.access(to(i), to(i) + size(i), true);
        schedule.access(what(i), what(i) + size(i), false);
      }
      default -> schedule.access(to(i), to(i) + 4 * size(i), true);
    }
  }
}
