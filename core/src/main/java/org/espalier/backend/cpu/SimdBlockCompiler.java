package org.espalier.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Makes the code of blocks and has it compiled, aside from the work that is waiting for it: calls
 * it on a little data until the virtual machine has taken notice, and hands it over once it is
 * fast.
 */
final class SimdBlockCompiler {
  private static final Map<SimdBlock.Form, SimdBlock> BLOCKS = new ConcurrentHashMap<>();
  private static final LinkedBlockingQueue<SimdBlock> WAITING = new LinkedBlockingQueue<>();

  /** Steps of a trial. */
  private static final int STEPS = 64;

  /** Calls that make the virtual machine compile: 15,000 turns of a loop by default. */
  private static final int CALLS = 400;

  /**
   * Compiled code does a product of vectors in less than a nanosecond; interpreted, or compiled
   * without putting vectors into registers, it takes ten times as long at the least.
   */
  private static final int NANOS = 3;

  private static final long PAUSE_MILLIS = 5;

  static {
    Thread thread = new Thread(SimdBlockCompiler::work, "espalier-compiler");
    thread.setDaemon(true);
    thread.start();
  }

  private SimdBlockCompiler() {}

  /** The block of a form; made once. */
  static SimdBlock block(SimdBlock.Form form) {
    return BLOCKS.computeIfAbsent(
        form,
        f -> {
          SimdBlock block = new SimdBlock(f);
          WAITING.add(block);
          return block;
        });
  }

  private record Trial(SimdBlock block, SimdBlock.Code code, int[] runs, float[] a, float[] b) {
    static Trial of(SimdBlock block) {
      SimdBlock.Form form = block.form();
      int[] runs = {0, 0, STEPS};
      if (form.flat()) {
        runs = new int[STEPS];
        java.util.Arrays.setAll(runs, i -> i * form.stepA());
      }
      float[] a = new float[STEPS * form.stepA() + form.rows() * form.rowA()];
      float[] b = new float[STEPS * form.stepB() + form.vectors() * SimdBlock.LANES];
      return new Trial(block, SimdBlockCode.of(form), runs, a, b);
    }

    /** Nanoseconds of the fastest of some calls. */
    long time(int calls) {
      SimdBlock.Form form = block.form();
      int rowC = form.vectors() * SimdBlock.LANES;
      float[] c = new float[form.rows() * rowC];
      long best = Long.MAX_VALUE;
      for (int i = 0; i < calls; i++) {
        long start = System.nanoTime();
        code.run(new int[2], runs, a, 0, b, 0, c, 0, rowC, i % 2 == 0);
        best = Math.min(best, System.nanoTime() - start);
      }
      return best;
    }

    boolean fast() {
      return time(3) < (long) NANOS * STEPS * block.form().rows() * block.form().vectors();
    }
  }

  private static void work() {
    List<Trial> trials = new ArrayList<>();
    try {
      while (true) {
        SimdBlock next = trials.isEmpty() ? WAITING.take() : WAITING.poll();
        if (next == null) {
          trials.removeIf(SimdBlockCompiler::handOver);
          Thread.sleep(PAUSE_MILLIS);
        } else {
          Trial trial = Trial.of(next);
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
      trial.block.compiled(trial.code);
      return true;
    }
    return false;
  }
}
