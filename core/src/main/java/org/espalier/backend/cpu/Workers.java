package org.espalier.backend.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed pool of threads that share the chunks of one job at a time; the caller is worker 0.
 *
 * <p>The partition into chunks is the caller's and must follow from the shapes alone: which worker
 * runs which chunk is left to chance, so each chunk writes its own part of the result (or its own
 * partial sum, added afterwards in the order of the chunks), and the bits do not depend on the
 * number of threads.
 */
final class Workers implements AutoCloseable {
  /** What is to be done for one chunk. */
  interface Chunk {
    void run(int chunk, int worker);
  }

  /** What is to be done for the items from {@code from} to before {@code to}. */
  interface Range {
    void run(int from, int to, int worker);
  }

  /**
   * How long a thread polls before it parks: longer than the pause between two kernels of a step.
   */
  private static final long SPIN_NANOS = 20_000;

  private static final int SLOTS = 9;

  private final Worker[] others;
  private final Slab slab = new Slab();
  private final float[][][] scratch;
  private final @Nullable CpuBuffer[][] buffers;
  private boolean sharing; // seen by the calling thread only
  private volatile Job job = Job.NONE;
  private volatile boolean closed;

  Workers(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads: " + threads + ", wanted at least 1");
    }
    scratch = new float[threads][SLOTS][0];
    buffers = new @Nullable CpuBuffer[threads][SLOTS];
    others = new Worker[threads - 1];
    for (int i = 0; i < others.length; i++) {
      others[i] = new Worker(i + 1);
    }
    for (Worker worker : others) {
      worker.start();
    }
  }

  int threads() {
    return scratch.length;
  }

  /**
   * Runs {@code body} for every chunk and returns when all are done; the first exception thrown in
   * a chunk is thrown here. A single chunk, and a call from within a chunk, run on the calling
   * thread. A back end, and so its pool, serves one thread at a time.
   */
  void parallel(int chunks, Chunk body) {
    if (Thread.currentThread() instanceof Worker worker && worker.pool() == this) {
      inline(chunks, body, worker.index);
    } else if (sharing || chunks <= 1 || others.length == 0) {
      inline(chunks, body, 0);
    } else {
      sharing = true;
      try {
        share(chunks, body);
      } finally {
        sharing = false;
      }
    }
  }

  /** {@link #parallel} over runs of {@code grain} items. */
  void ranges(int items, int grain, Range body) {
    parallel(
        (items + grain - 1) / grain,
        (chunk, worker) -> body.run(chunk * grain, Math.min(items, chunk * grain + grain), worker));
  }

  /**
   * An array of at least {@code size} floats that belongs to this worker until its chunk ends, with
   * unspecified content; {@code slot} < 9 tells apart several in use at once. It grows and is kept.
   * What all chunks share is taken from worker 0 before the call, in a slot that the chunks leave
   * alone.
   */
  float[] scratch(int worker, int slot, int size) {
    float[] array = scratch[worker][slot];
    if (array.length < size) {
      array = new float[size];
      scratch[worker][slot] = array;
    }
    return array;
  }

  /** The same as a buffer of {@code size} floats, in slots of its own. */
  CpuBuffer buffer(int worker, int slot, int size) {
    CpuBuffer kept = buffers[worker][slot];
    if (kept == null || kept.size() < size) {
      kept = slab.take(size);
      buffers[worker][slot] = kept;
    }
    return new CpuBuffer(kept.data(), kept.offset(), size);
  }

  @Override
  public void close() {
    closed = true;
    for (Worker worker : others) {
      LockSupport.unpark(worker);
    }
  }

  private static void inline(int chunks, Chunk body, int worker) {
    for (int chunk = 0; chunk < chunks; chunk++) {
      body.run(chunk, worker);
    }
  }

  private void share(int chunks, Chunk body) {
    Job mine = new Job(chunks, body);
    job = mine;
    for (Worker worker : others) {
      worker.wake();
    }
    mine.work(0);
    mine.await();
    job = Job.NONE;
  }

  /**
   * Chunks are claimed from {@code next}; a worker that comes late finds none left and touches
   * nothing.
   */
  private static final class Job {
    static final Job NONE = new Job(0, (chunk, worker) -> {});

    final int chunks;
    final Chunk body;
    final AtomicInteger next = new AtomicInteger();
    final AtomicInteger done = new AtomicInteger();
    final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile @Nullable Thread waiting;

    Job(int chunks, Chunk body) {
      this.chunks = chunks;
      this.body = body;
    }

    /** Works until no chunk is left to claim; false if there was none. */
    boolean work(int worker) {
      int claimed = 0;
      while (next.get() < chunks) {
        int chunk = next.getAndIncrement();
        if (chunk >= chunks) {
          break;
        }
        claimed++;
        try {
          body.run(chunk, worker);
        } catch (Throwable thrown) { // the caller must hear of it, whatever it is
          failure.compareAndSet(null, thrown);
        }
        if (done.incrementAndGet() == chunks) {
          LockSupport.unpark(waiting); // of null: nothing
        }
      }
      return claimed > 0;
    }

    /**
     * Polls for as long as a chunk usually takes, then sleeps: where there are more busy threads
     * than cores, the worker that holds the last chunk may be waiting for this very core.
     */
    void await() {
      long start = System.nanoTime();
      while (done.get() < chunks && System.nanoTime() - start < SPIN_NANOS) {
        Thread.onSpinWait();
      }
      waiting = Thread.currentThread();
      while (done.get() < chunks) {
        LockSupport.park(this);
      }
      switch (failure.get()) {
        case null -> {}
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        case Throwable e -> throw new IllegalStateException(e);
      }
    }
  }

  private final class Worker extends Thread {
    final int index;
    private volatile boolean parked;

    Worker(int index) {
      super("espalier-worker-" + index);
      this.index = index;
      setDaemon(true);
    }

    Workers pool() {
      return Workers.this;
    }

    void wake() {
      if (parked) {
        LockSupport.unpark(this);
      }
    }

    @Override
    public void run() {
      long idleSince = System.nanoTime();
      while (!closed) {
        if (job.work(index)) {
          idleSince = System.nanoTime();
        } else if (System.nanoTime() - idleSince < SPIN_NANOS) {
          Thread.onSpinWait();
        } else {
          parked = true;
          if (job == Job.NONE
              && !closed) { // looked at again after parked is seen: no wake-up is lost
            LockSupport.park(Workers.this);
          }
          parked = false;
          idleSince = System.nanoTime();
        }
      }
    }
  }
}
