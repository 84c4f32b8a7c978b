package org.espalier.cuda;

import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;

import java.lang.ref.Cleaner;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Device memory in a few large chunks, handed out in blocks. The first chunk is as large as what
 * was planned. A block that nobody refers to any more is free again; free neighbours are joined.
 */
final class Arena implements AutoCloseable {
  /** Blocks start at multiples of this, so that vector loads are aligned. */
  static final int ALIGNMENT = 256;

  private static final Cleaner CLEANER = Cleaner.create();

  private final long chunkBytes;
  private final Runnable drain;
  private final TreeMap<Long, DevicePointer> chunks = new TreeMap<>();

  /** Free runs of all chunks, by address. */
  private final TreeMap<Long, Run> free = new TreeMap<>();

  /** What the cleaner found unused; only the owner's thread puts it back. */
  private final ArrayDeque<Run> returned = new ArrayDeque<>();

  private long reserved;
  private long used;
  private long peak;

  private record Run(long address, long bytes) {
    long end() {
      return address + bytes;
    }
  }

  /**
   * @param chunkBytes the least that is asked of the driver at once; 0: every block by itself
   * @param drain waits for work that may use memory
   */
  Arena(long chunkBytes, Runnable drain) {
    this.chunkBytes = chunkBytes;
    this.drain = drain;
  }

  /** A run of device memory. */
  static final class Block {
    private final DevicePointer base;
    private final long address;

    private Block(DevicePointer base, long address) {
      this.base = base;
      this.address = address;
    }

    long address() {
      return address;
    }

    DevicePointer pointer(long at) {
      return base.at(at);
    }
  }

  /**
   * A block with unspecified content.
   *
   * @throws CudaException if the device has no room for it
   */
  Block allocate(long bytes) {
    long size = Math.max(ALIGNMENT, (bytes + ALIGNMENT - 1) & -ALIGNMENT);
    takeReturned();
    Run room = fit(size);
    if (room == null) {
      room = grow(bytes, size);
    }
    free.remove(room.address());
    if (room.bytes() > size) {
      put(new Run(room.address() + size, room.bytes() - size));
    }
    used += size;
    peak = Math.max(peak, used);
    Run run = new Run(room.address(), size);
    Block block = new Block(chunks.floorEntry(run.address()).getValue(), run.address());
    CLEANER.register(block, new Return(returned, run));
    return block;
  }

  /** Not a lambda: it must not hold the block. */
  private record Return(ArrayDeque<Run> returned, Run block) implements Runnable {
    @Override
    public void run() {
      synchronized (returned) {
        returned.add(block);
      }
    }
  }

  /** Asks the driver for {@code bytes} at once, unless as much is there already. */
  void reserve(long bytes) {
    if (chunkBytes > 0 && bytes > reserved) {
      addChunk((bytes - reserved + ALIGNMENT - 1) & -ALIGNMENT);
    }
  }

  /** Bytes asked of the driver. */
  long reserved() {
    return reserved;
  }

  /** Bytes in blocks at most so far. */
  long peak() {
    return peak;
  }

  private Run grow(long bytes, long size) {
    // With every block by itself, guards of a tool lie right behind what was asked for.
    long wanted = chunkBytes == 0 ? Math.max(4, bytes) : Math.max(chunkBytes, size);
    try {
      return addChunk(wanted);
    } catch (CudaException e) {
      // What is garbage on the Java heap may be what is missing here.
      System.gc();
      for (int i = 0; i < 10; i++) {
        LockSupport.parkNanos(20_000_000);
        takeReturned();
        Run room = fit(size);
        if (room != null) {
          return room;
        }
      }
      return addChunk(chunkBytes == 0 ? wanted : size);
    }
  }

  private Run addChunk(long bytes) {
    DevicePointer chunk = new DevicePointer();
    CudaException.check(cuMemAlloc(chunk, bytes), "allocating " + bytes + " bytes on the device");
    chunks.put(chunk.address(), chunk);
    Run run = new Run(chunk.address(), (bytes + ALIGNMENT - 1) & -ALIGNMENT);
    reserved += run.bytes();
    put(run);
    return run;
  }

  /** The smallest free run that is large enough. */
  private @Nullable Run fit(long size) {
    Run best = null;
    for (Run run : free.values()) {
      if (run.bytes() >= size && (best == null || run.bytes() < best.bytes())) {
        best = run;
      }
    }
    return best;
  }

  private void takeReturned() {
    synchronized (returned) {
      for (Run run : returned) {
        used -= run.bytes();
        if (chunkBytes > 0) {
          put(run);
        } else {
          release(run);
        }
      }
      returned.clear();
    }
  }

  private void release(Run run) {
    DevicePointer chunk = chunks.remove(run.address());
    if (chunk != null) {
      drain.run();
      cuMemFree(chunk);
      reserved -= run.bytes();
    }
  }

  /** Makes a run free, together with free neighbours in its chunk. */
  private void put(Run run) {
    Run whole = run;
    Map.Entry<Long, Run> before = free.lowerEntry(run.address());
    if (before != null
        && before.getValue().end() == run.address()
        && !chunks.containsKey(run.address())) {
      free.remove(before.getKey());
      whole = new Run(before.getKey(), before.getValue().bytes() + run.bytes());
    }
    Run after = free.get(run.end());
    if (after != null && !chunks.containsKey(after.address())) {
      free.remove(after.address());
      whole = new Run(whole.address(), whole.bytes() + after.bytes());
    }
    free.put(whole.address(), whole);
  }

  @Override
  public void close() {
    chunks.values().forEach(chunk -> cuMemFree(chunk));
    chunks.clear();
    free.clear();
  }
}
