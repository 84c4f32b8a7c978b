package org.espalier.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.List;

/**
 * Java heap that steps take, in bytes.
 *
 * @param live in use after a collection behind the last step: parameters, optimiser, batch, and the
 *     pool, which keeps every buffer that any step has needed at once. So it is what a step cannot
 *     do without.
 * @param peak the most that was in use meanwhile, garbage included: the sum of the peaks of the
 *     JVM's memory pools, and so at most too large, as they need not have peaked together. How much
 *     garbage gathers is the collector's choice, which follows from the heap that it is given.
 */
record Heap(long live, long peak) {
  /**
   * To be called before the first step that counts. What comes before is left out: vector code that
   * is not compiled yet makes gigabytes of garbage.
   */
  static void restart() {
    System.gc();
    pools().forEach(MemoryPoolMXBean::resetPeakUsage);
  }

  /** To be called after the last step, while all that it needs is still reachable. */
  static Heap measured() {
    System.gc();
    long live = pools().stream().mapToLong(pool -> pool.getUsage().getUsed()).sum();
    long peak = pools().stream().mapToLong(pool -> pool.getPeakUsage().getUsed()).sum();
    return new Heap(live, peak);
  }

  private static List<MemoryPoolMXBean> pools() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP)
        .toList();
  }
}
