package org.espalier.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How pieces of work are given to the driver: in which order, and which launches as one. Those that
 * do not depend on each other and are of one kernel are joined, whatever they work on: the branches
 * of a cell are computed side by side, though they were asked for one after the other.
 */
final class Plan {
  /** Ahead of a job's arguments: Grid in espalier.cuh. */
  private static final int GRID = 16;

  /** Layers of blocks at most: CUDA's limit. */
  private static final int LAYERS = 65535;

  private static final int THREADS_BITS = 11;

  /** So many blocks may be idle in any case: passing them takes less than another launch. */
  private static final int IDLE = 2048;

  private final Schedule schedule;
  private final @Nullable Random late;
  private final int[] height;
  private final TreeMap<Integer, Ready> ready = new TreeMap<>();
  private final List<Call> calls = new ArrayList<>();
  private byte[] bytes = new byte[1 << 16];
  private ByteBuffer arguments = over(bytes);
  private int used;

  /** Pieces of one kind that wait for nothing any more, and the greatest of their heights. */
  private static final class Ready {
    private final List<Integer> pieces = new ArrayList<>();
    private int height;
  }

  /**
   * A call of the driver.
   *
   * @param piece that it does, or the first of them
   * @param jobs launches that it does; 0 for what is no launch
   * @param depth blocks along z of a job
   * @param at where in {@link #arguments} the jobs are
   * @param jobBytes from one job to the next
   */
  record Call(
      int piece, int jobs, int gridX, int gridY, int depth, int shared, int at, int jobBytes) {}

  /**
   * @param most pieces at a time
   * @param late for tests, an order without sense: who has not said what it reads and writes will
   *     be wrong
   */
  Plan(int most, @Nullable Random late) {
    schedule = new Schedule(most);
    height = new int[most];
    this.late = late;
  }

  private static ByteBuffer over(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
  }

  /** The calls in their order, until the next plan. */
  List<Call> calls() {
    return calls;
  }

  /** The arguments of all jobs, in the first {@link #used} bytes. */
  byte[] arguments() {
    return bytes;
  }

  int used() {
    return used;
  }

  /**
   * Makes the plan for some records: of what could be next, that which the longest chain of others
   * waits for, and with it all of its kind. What nobody waits for, such as the gradients of
   * weights, thus comes together at the end.
   */
  void make(Records records) {
    schedule.begin();
    calls.clear();
    used = 0;
    int count = records.count();
    for (int i = 0; i < count; i++) {
      records.tell(i, schedule);
    }
    for (int i = count - 1; i >= 0; i--) {
      height[i] = height(i);
    }
    int[] waitsFor = schedule.waitsFor();
    for (int i = 0; i < count; i++) {
      if (waitsFor[i] == 0) {
        ready(records, i);
      }
    }
    while (!ready.isEmpty()) {
      int kind =
          Collections.max(
                  ready.entrySet(), Comparator.comparingInt(entry -> entry.getValue().height))
              .getKey();
      List<Integer> pieces = Objects.requireNonNull(ready.remove(kind)).pieces;
      if (records.kind(pieces.getFirst()) == Records.LAUNCH) {
        join(records, pieces);
      } else {
        pieces.forEach(piece -> calls.add(new Call(piece, 0, 0, 0, 0, 0, 0, 0)));
      }
      for (int piece : pieces) {
        for (int at = schedule.first(piece); at >= 0; at = schedule.next(at)) {
          if (--waitsFor[schedule.at(at)] == 0) {
            ready(records, schedule.at(at));
          }
        }
      }
    }
  }

  /** The longest chain of those that wait for a piece. */
  private int height(int piece) {
    int most = 0;
    for (int at = schedule.first(piece); at >= 0; at = schedule.next(at)) {
      most = Math.max(most, 1 + height[schedule.at(at)]);
    }
    return late == null ? most : late.nextInt(1000);
  }

  private void ready(Records records, int i) {
    boolean launch = records.kind(i) == Records.LAUNCH;
    int kind = launch ? (records.kernel(i) << THREADS_BITS) + records.threads(i) : -1;
    Ready same = ready.computeIfAbsent(kind, k -> new Ready());
    same.pieces.add(i);
    same.height = Math.max(same.height, height[i]);
  }

  private static long blocks(Records records, int i) {
    return (long) records.grid(i, 0) * records.grid(i, 1) * records.grid(i, 2);
  }

  /** Launches pieces of one kind, in as few launches as waste little. */
  private void join(Records records, List<Integer> pieces) {
    pieces.sort(
        Comparator.<Integer>comparingLong(i -> blocks(records, i))
            .thenComparingInt(i -> records.valuesSize(i)));
    for (int from = 0; from < pieces.size(); ) {
      Extent extent = new Extent();
      int to = from;
      while (to < pieces.size() && extent.add(records, pieces.get(to))) {
        to++;
      }
      launch(records, pieces.subList(from, to), extent);
      from = to;
    }
  }

  private void launch(Records records, List<Integer> pieces, Extent extent) {
    int at = used;
    used += extent.jobs * extent.bytes;
    if (used > bytes.length) {
      bytes = Arrays.copyOf(bytes, 2 * used);
      arguments = over(bytes);
    }
    int job = at;
    for (int i : pieces) {
      for (int axis = 0; axis < 3; axis++) {
        arguments.putInt(job + 4 * axis, records.grid(i, axis));
      }
      records.values(i, arguments, job + GRID);
      job += extent.bytes;
    }
    calls.add(
        new Call(
            pieces.getFirst(),
            extent.jobs,
            extent.x,
            extent.y,
            extent.z,
            extent.shared,
            at,
            extent.bytes));
  }

  /** What some jobs take together. */
  private static final class Extent {
    private int jobs;
    private int x;
    private int y;
    private int z;
    private int shared;
    private int bytes;
    private long blocks;
    private long used;

    /** Adds a job, unless too many blocks would be idle, or half of the bytes unused. */
    boolean add(Records records, int i) {
      int moreX = Math.max(x, records.grid(i, 0));
      int moreY = Math.max(y, records.grid(i, 1));
      int moreZ = Math.max(z, records.grid(i, 2));
      int moreBytes = Math.max(bytes, (GRID + records.valuesSize(i) + 15) & -16);
      long moreBlocks = blocks + blocks(records, i);
      long moreUsed = used + GRID + records.valuesSize(i);
      if (jobs > 0
          && ((long) moreX * moreY * moreZ * (jobs + 1) > moreBlocks + Math.max(IDLE, moreBlocks)
              || (long) moreBytes * (jobs + 1) > 2 * moreUsed
              || (long) moreZ * (jobs + 1) > LAYERS)) {
        return false;
      }
      jobs++;
      x = moreX;
      y = moreY;
      z = moreZ;
      bytes = moreBytes;
      blocks = moreBlocks;
      used = moreUsed;
      shared = Math.max(shared, records.sharedBytes(i));
      return true;
    }
  }
}
