package org.espalier.cuda;

import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuMemFree;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import jcuda.driver.CUgraphExec;
import org.jspecify.annotations.Nullable;

/** The work that was seen lately, each with its graph once it has one. */
final class Captures implements AutoCloseable {
  /** What was not seen for so many others is forgotten. */
  private static final int KEPT = 128;

  private final LinkedHashMap<Long, Capture> byHash = new LinkedHashMap<>(16, 0.75f, true);

  /** Some work, and how often it was seen. */
  static final class Capture {
    private final byte[] records;
    private @Nullable CUgraphExec graph;
    private @Nullable DevicePointer arguments;
    private Map<String, Long> calls = Map.of();
    private long size;
    private int seen;

    private Capture(byte[] records) {
      this.records = records;
    }

    int seen() {
      return seen;
    }

    @Nullable CUgraphExec graph() {
      return graph;
    }

    /** How often the graph launches each kernel. */
    Map<String, Long> calls() {
      return calls;
    }

    /** Of how many calls it consists. */
    long size() {
      return size;
    }

    /**
     * @param arguments what its kernels are given, in memory that the graph owns from here on
     */
    void graph(CUgraphExec made, DevicePointer arguments, Map<String, Long> calls) {
      graph = made;
      this.arguments = arguments;
      this.calls = calls;
      size = calls.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /** Notes that it was seen once more. */
  Capture find(MemorySegment records) {
    long hash = hash(records);
    Capture known = byHash.get(hash);
    if (known == null || records.mismatch(MemorySegment.ofArray(known.records)) >= 0) {
      if (known != null) {
        destroy(known);
      }
      known = new Capture(records.toArray(ValueLayout.JAVA_BYTE));
      byHash.put(hash, known);
      forgetOldest();
    }
    known.seen++;
    return known;
  }

  private void forgetOldest() {
    if (byHash.size() > KEPT) {
      Map.Entry<Long, Capture> oldest = byHash.firstEntry();
      destroy(oldest.getValue());
      byHash.remove(oldest.getKey());
    }
  }

  private static void destroy(Capture capture) {
    if (capture.graph != null) {
      cuGraphExecDestroy(capture.graph);
      cuMemFree(capture.arguments);
    }
  }

  int graphs() {
    return (int) byHash.values().stream().filter(each -> each.graph != null).count();
  }

  private static long hash(MemorySegment records) {
    long hash = records.byteSize();
    for (long at = 0; at + 8 <= records.byteSize(); at += 8) {
      hash = (hash ^ records.get(ValueLayout.JAVA_LONG, at)) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 29;
    }
    return hash;
  }

  @Override
  public void close() {
    byHash.values().forEach(Captures::destroy);
    byHash.clear();
  }
}
