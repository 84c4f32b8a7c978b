package org.espalier.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Makes the code of blocks and has it compiled, aside from the work that is waiting for it: calls
 * it on a little data until the virtual machine has taken notice, and hands it over once it is
 * fast.
 */
final class SimdBlockCompiler {
  private static final Map<SimdBlock.Form, Slot> SLOTS = new ConcurrentHashMap<>();
  private static final LinkedBlockingQueue<Slot> WAITING = new LinkedBlockingQueue<>();

  /** Steps of a trial: so few that the call, and not its loop, is what becomes hot. */
  private static final int STEPS = 16;

  /** Calls that make the virtual machine compile, first at all and then well. */
  private static final int CALLS = 1200;

  /**
   * Compiled code does a product of vectors in less than a nanosecond; interpreted, or compiled
   * without putting vectors into registers, it takes ten times as long at the least.
   */
  private static final int NANOS = 5;

  private static final long PAUSE_MILLIS = 20;

  /** At first the virtual machine has smaller code to compile, which the first step waits for. */
  private static final long START_MILLIS = 3000;

  static {
    Thread thread = new Thread(SimdBlockCompiler::work, "espalier-compiler");
    thread.setDaemon(true);
    thread.start();
  }

  private SimdBlockCompiler() {}

  /** Where the code of a form will be. */
  static final class Slot {
    private final SimdBlock.Form form;
    private volatile SimdBlock.@Nullable Code code;

    private Slot(SimdBlock.Form form) {
      this.form = form;
    }

    /** The code, or null if it is not compiled yet. */
    SimdBlock.@Nullable Code compiled() {
      return code;
    }
  }

  static Slot slot(SimdBlock.Form form) {
    return SLOTS.computeIfAbsent(
        form,
        f -> {
          Slot slot = new Slot(f);
          WAITING.add(slot);
          return slot;
        });
  }

  private record Trial(Slot slot, SimdBlock.Code code, int[] runs, float[] a, float[] b) {
    static Trial of(Slot slot) {
      int[] runs = {0, 0, STEPS};
      if (slot.form.flat()) {
        runs = IntStream.range(0, STEPS).toArray();
      }
      int width = slot.form.vectors() * SimdBlock.LANES;
      float[] a = new float[rowA(slot.form) * slot.form.rows() + STEPS * slot.form.rows()];
      return new Trial(slot, SimdBlockCode.of(slot.form), runs, a, new float[STEPS * width]);
    }

    private static int rowA(SimdBlock.Form form) {
      return form.rowA() > 0 ? form.rowA() : form.sum() ? 1 : STEPS;
    }

    /** Nanoseconds of the fastest of some calls. */
    long time(int calls) {
      SimdBlock.Form form = slot.form;
      int width = form.vectors() * SimdBlock.LANES;
      int stepA = form.sum() ? form.rows() : 1;
      float[] c = new float[form.rows() * width];
      long best = Long.MAX_VALUE;
      for (int i = 0; i < calls; i++) {
        long start = System.nanoTime();
        code.run(new int[2], runs, a, 0, b, 0, c, 0, width, rowA(form), stepA, width);
        best = Math.min(best, System.nanoTime() - start);
      }
      return best;
    }

    boolean fast() {
      return time(CALLS / 20) < (long) NANOS * STEPS * slot.form.rows() * slot.form.vectors();
    }
  }

  private static void work() {
    List<Trial> trials = new ArrayList<>();
    try {
      Thread.sleep(START_MILLIS);
      while (true) {
        Slot next = trials.isEmpty() ? WAITING.take() : WAITING.poll();
        if (next == null) {
          trials.removeIf(SimdBlockCompiler::handOver);
          Thread.sleep(PAUSE_MILLIS);
        } else {
          Trial trial = Trial.of(next);
          trial.time(CALLS);
          Thread.sleep(PAUSE_MILLIS);
          trial.time(CALLS);
          trials.add(trial);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean handOver(Trial trial) {
    if (trial.fast()) {
      trial.slot.code = trial.code;
      return true;
    }
    return false;
  }
}
