package org.espalier.cli;

import java.util.concurrent.TimeUnit;
import org.espalier.search.Progress;

/**
 * How fast a phase goes: measured over its last half minute, since the first steps of a JVM are
 * slow ones.
 */
final class Pace {
  private static final long WINDOW = TimeUnit.SECONDS.toNanos(15);

  /** Weight of the latest step in the images per second. */
  private static final double FRESH = 0.2;

  private final Progress.Phase phase;
  private long done;
  private double imagesPerSecond = Double.NaN;
  // The window reaches back to the mark before the last.
  private long olderNanos;
  private long olderDone;
  private long newerNanos;
  private long newerDone;
  private long now;

  Pace(Progress.Phase phase, long now) {
    this.phase = phase;
    this.now = now;
    done = phase.done();
    olderNanos = now;
    olderDone = done;
    newerNanos = now;
    newerDone = done;
  }

  Progress.Phase phase() {
    return phase;
  }

  void step(Progress.Step step, long nanos) {
    now = nanos;
    done = (long) (step.epoch() - 1) * phase.steps() + step.step();
    imagesPerSecond =
        Double.isNaN(imagesPerSecond)
            ? step.imagesPerSecond()
            : imagesPerSecond + FRESH * (step.imagesPerSecond() - imagesPerSecond);
    if (now - newerNanos > WINDOW) {
      olderNanos = newerNanos;
      olderDone = newerDone;
      newerNanos = now;
      newerDone = done;
    }
  }

  /** Images per second over the last steps. */
  double imagesPerSecond() {
    return imagesPerSecond;
  }

  /** Seconds to the end of the phase at this pace; NaN before the first step. */
  double secondsLeft() {
    long steps = done - olderDone;
    long left = (long) phase.epochs() * phase.steps() - done;
    return steps <= 0 ? Double.NaN : left * ((now - olderNanos) / 1e9 / steps);
  }
}
