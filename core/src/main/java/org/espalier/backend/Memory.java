package org.espalier.backend;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Buffers by size, for reuse: after the first step every {@link #take} is served from what an
 * earlier step gave back, and a steady-state step allocates nothing.
 */
public final class Memory {
  /** What accelerators take for {@link #Memory(Backend, long)}. */
  public static final long SPARE_BYTES = 128L << 20;

  private static final int SPARE = 64;

  private final Backend backend;
  private final long spare;
  private final Map<Integer, Size> sizes = new HashMap<>();
  private final IdentityHashMap<Buffer, Long> order = new IdentityHashMap<>();
  private long allocations;
  private long floats;

  /** The buffers of one size. */
  private static final class Size {
    private ArrayDeque<Buffer> free = new ArrayDeque<>();
    private int rested; // of them, the last: they were there when the pass began
    private int used;
    private int peak;
  }

  /** An empty pool over the memory of {@code backend}, for one that computes in order. */
  public Memory(Backend backend) {
    this(backend, 0);
  }

  /**
   * An empty pool for a back end that computes at once what does not depend on each other. So that
   * nothing does by its memory alone, there are more buffers than are needed at a time, and what
   * was given back rests until all others have been taken.
   *
   * @param spare bytes of each size beyond the need, in 64 buffers at most
   */
  public Memory(Backend backend, long spare) {
    this.backend = backend;
    this.spare = spare;
  }

  /** A buffer of exactly {@code size} floats with unspecified content. */
  public Buffer take(int size) {
    Size same = sizes.computeIfAbsent(size, s -> new Size());
    int all = same.used + same.free.size();
    same.used++;
    same.peak = Math.max(same.peak, same.used);
    if (!same.free.isEmpty()) {
      if (spare == 0) {
        return same.free.pop();
      }
      if (same.rested > 0
          || all >= same.peak + (int) Math.min(SPARE, spare / Math.max(4, 4L * size))) {
        same.rested = Math.max(0, same.rested - 1);
        return same.free.removeLast();
      }
    }
    allocations++;
    floats += size;
    Buffer fresh = backend.allocateScratch(size);
    order.put(fresh, allocations);
    return fresh;
  }

  /** Takes back a buffer that {@link #take} gave; it must not be used afterwards. */
  public void give(Buffer buffer) {
    Size same = sizes.computeIfAbsent(buffer.size(), size -> new Size());
    same.used--;
    same.free.push(buffer);
  }

  /**
   * Puts the free buffers in the order of their allocation: passes that take and give alike from
   * here on get the same buffers, whatever went before.
   */
  public void settle() {
    for (Size same : sizes.values()) {
      List<Buffer> buffers = new ArrayList<>(same.free);
      buffers.sort(Comparator.comparing(order::get));
      same.free = new ArrayDeque<>(buffers);
      same.rested = buffers.size();
    }
  }

  /** How many buffers have been allocated so far, rather than reused. */
  public long allocations() {
    return allocations;
  }

  /** Bytes held, in use or free. */
  public long bytes() {
    return 4 * floats;
  }

  /** Forgets the free buffers, so that their memory can be reclaimed. */
  public void trim() {
    for (Size same : sizes.values()) {
      for (Buffer buffer : same.free) {
        floats -= buffer.size();
        order.remove(buffer);
      }
      same.free.clear();
      same.rested = 0;
      same.peak = same.used;
    }
  }
}
