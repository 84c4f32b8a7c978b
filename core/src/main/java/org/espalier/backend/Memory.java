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
  private final Backend backend;
  private final Map<Integer, ArrayDeque<Buffer>> free = new HashMap<>();
  private final IdentityHashMap<Buffer, Long> order = new IdentityHashMap<>();
  private long allocations;
  private long floats;

  /** An empty pool over the memory of {@code backend}. */
  public Memory(Backend backend) {
    this.backend = backend;
  }

  /** A buffer of exactly {@code size} floats with unspecified content. */
  public Buffer take(int size) {
    ArrayDeque<Buffer> sameSize = free.get(size);
    if (sameSize != null && !sameSize.isEmpty()) {
      return sameSize.pop();
    }
    allocations++;
    floats += size;
    Buffer fresh = backend.allocateScratch(size);
    order.put(fresh, allocations);
    return fresh;
  }

  /** Takes back a buffer that {@link #take} gave; it must not be used afterwards. */
  public void give(Buffer buffer) {
    free.computeIfAbsent(buffer.size(), size -> new ArrayDeque<>()).push(buffer);
  }

  /**
   * Puts the free buffers in the order of their allocation: passes that take and give alike from
   * here on get the same buffers, whatever went before.
   */
  public void settle() {
    for (Map.Entry<Integer, ArrayDeque<Buffer>> sameSize : free.entrySet()) {
      List<Buffer> buffers = new ArrayList<>(sameSize.getValue());
      buffers.sort(Comparator.comparing(order::get));
      sameSize.setValue(new ArrayDeque<>(buffers));
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
    free.values().forEach(buffers -> buffers.forEach(b -> floats -= b.size()));
    free.values().forEach(buffers -> buffers.forEach(order::remove));
    free.clear();
  }
}
