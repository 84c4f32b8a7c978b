package org.espalier.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.espalier.report.SearchEpoch;
import org.espalier.report.TrainEpoch;
import org.espalier.search.Progress;
import org.jspecify.annotations.Nullable;

/**
 * Shows a run: a line for every epoch, and below it, where the screen allows, one that is drawn
 * over as the steps go by. Elsewhere the steps are told every ten seconds. Ctrl-C speaks from
 * another thread, hence the locks.
 */
final class RunProgress implements Progress {
  private static final long REDRAW = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long RETELL = TimeUnit.SECONDS.toNanos(10);

  /** Back to the first column, and clear from there. */
  private static final String CLEAR = "\r\033[K";

  /** Without wrapping, a window made narrower cuts the line instead of breaking it. */
  private static final String NO_WRAP = "\033[?7l";

  private static final String WRAP = "\033[?7h";

  private final PrintWriter out;
  private final Screen screen;
  private final LongSupplier clock;
  private String header;
  private @Nullable Pace pace;
  private long shown;
  private boolean drawn;

  /**
   * Shows nothing yet.
   *
   * @param header shown before anything else
   * @param clock nanoseconds
   */
  RunProgress(PrintWriter out, Screen screen, String header, LongSupplier clock) {
    this.out = out;
    this.screen = screen;
    this.header = header;
    this.clock = clock;
  }

  @Override
  public synchronized void begin(Phase phase) {
    showHeader();
    long now = clock.getAsLong();
    pace = new Pace(phase, now);
    if (phase.done() > 0 && phase.done() < (long) phase.epochs() * phase.steps()) {
      line(
          "%s continues in epoch %d, step %d"
              .formatted(
                  phase.name(),
                  phase.done() / phase.steps() + 1,
                  phase.done() % phase.steps() + 1));
    }
    shown = now;
    out.flush();
  }

  @Override
  public synchronized void step(Step step) {
    if (pace == null) {
      return;
    }
    long now = clock.getAsLong();
    pace.step(step, now);
    if (now - shown < (screen.live() ? REDRAW : RETELL)) {
      return;
    }
    StatusLine status =
        new StatusLine(pace.phase(), step, pace.imagesPerSecond(), pace.secondsLeft());
    if (screen.live()) {
      // A terminal puts what it writes in its last column in doubt: that one stays free.
      out.print(
          NO_WRAP + "\r" + status.fit(screen.columns() - 1, screen.drawsBoxes()) + "\033[K" + WRAP);
      out.flush();
      drawn = true;
    } else {
      line(status.plain());
    }
    shown = now;
  }

  @Override
  public synchronized void epoch(SearchEpoch e) {
    String measured =
        String.format(
            Locale.ROOT,
            "search %s  train %.3f %4.1f%%  valid %.3f %4.1f%%  entropy %.2f  skip %.0f%%",
            counted(e.epoch(), e.epochs()),
            e.trainLoss(),
            100 * e.trainAccuracy(),
            e.validLoss(),
            100 * e.validAccuracy(),
            e.alphaEntropy(),
            100 * e.skipShare());
    timed(measured, e.seconds());
  }

  @Override
  public synchronized void epoch(TrainEpoch e) {
    String measured =
        String.format(
            Locale.ROOT,
            "%s %s  train %.3f %4.1f%%  test %.3f %4.1f%%",
            pace == null ? e.architecture() : pace.phase().name(),
            counted(e.epoch(), e.epochs()),
            e.trainLoss(),
            100 * e.trainAccuracy(),
            e.testLoss(),
            100 * e.testAccuracy());
    timed(measured, e.seconds());
  }

  @Override
  public synchronized void end(Phase phase) {
    close();
  }

  @Override
  public synchronized void note(String note) {
    showHeader();
    line(note);
  }

  /** Leaves the screen as if nothing had been drawn over. */
  synchronized void close() {
    if (drawn) {
      out.print(CLEAR);
      drawn = false;
    }
    out.flush();
  }

  /** The time only where the line has room for it. */
  private void timed(String measured, double seconds) {
    String timed = String.format(Locale.ROOT, "%s  %.1f s", measured, seconds);
    line(timed.length() <= screen.columns() ? timed : measured);
  }

  private void showHeader() {
    if (!header.isEmpty()) {
      out.print(header);
      header = "";
    }
  }

  private void line(String text) {
    close();
    out.println(text);
    out.flush();
    shown = screen.live() ? 0 : clock.getAsLong();
  }

  private static String counted(int epoch, int epochs) {
    int digits = String.valueOf(epochs).length();
    return " ".repeat(Math.max(0, digits - String.valueOf(epoch).length())) + epoch + "/" + epochs;
  }
}
