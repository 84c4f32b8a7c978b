package org.espalier.bench;

import java.util.function.IntConsumer;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.search.Devices;
import org.espalier.search.SearchStep;
import org.espalier.space.SearchSpace;

/** Our work on a device, as {@link TorchWork} has PyTorch do it. */
final class GpuStep {
  private static final int LEAST_WARM_UP = 4;
  private static final int CLASSES = 10;

  private GpuStep() {}

  /**
   * What it takes.
   *
   * @param pieces of work on the device: kernels, copies, fills
   * @param launched of these, those that no graph replayed
   * @param device bytes of its memory at their peak; 0 where nobody counts
   */
  record Cost(Timing timing, long pieces, long launched, long device) {}

  /** Floating-point operations of the convolutions in a pass, and bytes that its kernels name. */
  record Load(double flop, double bytes) {}

  /** GB/s of a copy, reads and writes counted, and GFLOP/s of a square product. */
  record Roof(double bytes, double flop) {}

  /**
   * Builds the net on a back end of its own and takes its steps.
   *
   * @param warmUp seconds before any is timed: on a GPU only the host's code is to be compiled
   */
  static Cost measure(Net net, Work work, String device, int steps, double warmUp) {
    try (Backend backend = Devices.open(device, 0)) {
      IntConsumer step = step(net, work, backend);
      long end = System.nanoTime() + (long) (1e9 * warmUp);
      int taken = 0;
      while (taken < LEAST_WARM_UP || System.nanoTime() < end) {
        step.accept(taken++);
      }
      Backend.Counters before = backend.counters();
      double[] seconds = new double[steps];
      for (int i = 0; i < steps; i++) {
        long start = System.nanoTime();
        step.accept(taken + i);
        seconds[i] = (System.nanoTime() - start) / 1e9;
      }
      Backend.Counters after = backend.counters();
      long pieces = after.pieces() - before.pieces();
      long replayed = after.replayed() - before.replayed();
      return new Cost(
          Timing.of(seconds), pieces / steps, (pieces - replayed) / steps, after.bytes());
    }
  }

  /** Takes the step of a number, and waits for the device. */
  private static IntConsumer step(Net net, Work work, Backend backend) {
    return switch (work) {
      case PASS, STEP -> {
        SupernetStep step = new SupernetStep(net, "darts", backend);
        yield i -> finite(step.loss(i, work == Work.STEP), i);
      }
      case FIRST, SECOND -> {
        String strategy = work == Work.FIRST ? "darts" : "darts-2nd";
        var size = new SearchSpace.Size(net.channels(), net.cells(), net.inputChannels(), CLASSES);
        SearchStep step =
            new SearchStep(backend, net.space(), strategy, size, net.size(), net.batch());
        yield i -> finite(step.take(i), i);
      }
    };
  }

  private static void finite(double loss, int i) {
    if (!Double.isFinite(loss)) {
      throw new IllegalStateException("the loss of step " + i + " is " + loss);
    }
  }

  /** What a pass has to do, counted by the calls of its kernels. */
  static Load load(Net net, String device) {
    try (Backend backend = Devices.open(device, 0)) {
      KernelTimer timer = new KernelTimer(backend);
      SupernetStep step = new SupernetStep(net, "darts", timer.timed());
      timer.restart();
      step.loss(0, false);
      var sums = timer.sums().values();
      return new Load(
          sums.stream().mapToDouble(KernelTimer.Sum::flop).sum(),
          sums.stream().mapToDouble(KernelTimer.Sum::bytes).sum());
    }
  }

  /**
   * What the simplest work reaches on the device.
   *
   * @param floats that are copied
   * @param n rows and columns of the product
   */
  static Roof roof(String device, int floats, int n) {
    try (Backend backend = Devices.open(device, 0)) {
      Buffer from = backend.allocate(floats);
      Buffer to = backend.allocate(floats);
      double copy = seconds(backend, to, () -> backend.axpby(1, from, 0, to));
      Buffer a = backend.allocate(n * n);
      Buffer b = backend.allocate(n * n);
      Buffer c = backend.allocate(n * n);
      double product =
          seconds(backend, c, () -> backend.gemm(false, false, n, n, n, a, b, c, false));
      return new Roof(8.0 * floats / copy / 1e9, 2.0 * n * n * n / product / 1e9);
    }
  }

  /** Seconds of one of several, the least of a few rounds. */
  private static double seconds(Backend backend, Buffer result, Runnable work) {
    int times = 10;
    float[] some = new float[1];
    double least = Double.POSITIVE_INFINITY;
    for (int round = 0; round < 5; round++) {
      backend.read(result.slice(0, 1), some);
      long start = System.nanoTime();
      for (int i = 0; i < times; i++) {
        work.run();
      }
      backend.read(result.slice(0, 1), some);
      least = Math.min(least, (System.nanoTime() - start) / 1e9 / times);
    }
    return least;
  }
}
