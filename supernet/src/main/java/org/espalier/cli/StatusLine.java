package org.espalier.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.espalier.search.Progress;

/**
 * Where a run is, in one line.
 *
 * @param imagesPerSecond over the last steps
 * @param secondsLeft of the phase; NaN: not known
 */
record StatusLine(
    Progress.Phase phase, Progress.Step step, double imagesPerSecond, double secondsLeft) {
  private static final String GAP = "  ";
  private static final int SHORTEST_BAR = 6;
  private static final int LONGEST_BAR = 24;

  /** All of it, without a bar. */
  String plain() {
    return String.join(GAP, parts());
  }

  /**
   * What fits in a line of this width, the less important left out for a bar that shows how far the
   * phase is.
   */
  String fit(int width, boolean boxes) {
    List<String> parts = parts();
    // The bar shows what the step says; the loss, what the accuracy says.
    for (String dropped : List.of(ofStep(), loss(), rate())) {
      if (free(parts, width) < SHORTEST_BAR) {
        parts.remove(dropped);
      }
    }
    int free = free(parts, width);
    if (free >= SHORTEST_BAR) {
      parts.add(1, bar(Math.min(free, LONGEST_BAR), boxes));
    }
    String line = String.join(GAP, parts);
    return line.length() <= width ? line : line.substring(0, Math.max(0, width));
  }

  private List<String> parts() {
    List<String> parts = new ArrayList<>();
    parts.add(phase.name());
    parts.add("epoch " + step.epoch() + "/" + phase.epochs());
    parts.add(ofStep());
    if (!Double.isNaN(step.loss()) || !Double.isNaN(step.accuracy())) {
      parts.add(loss()); // NaN where a training has diverged
      parts.add(String.format(Locale.ROOT, "acc %.1f%%", 100 * step.accuracy()));
    }
    parts.add(rate());
    parts.add(left());
    return parts;
  }

  private String ofStep() {
    return "step " + step.step() + "/" + phase.steps();
  }

  private String loss() {
    return String.format(Locale.ROOT, "loss %.3f", step.loss());
  }

  private String rate() {
    return String.format(Locale.ROOT, "%.0f images/s", imagesPerSecond);
  }

  private static int free(List<String> parts, int width) {
    return width - String.join(GAP, parts).length() - GAP.length();
  }

  private String bar(int width, boolean boxes) {
    double share =
        ((step.epoch() - 1.0) * phase.steps() + step.step())
            / Math.max(1.0, (double) phase.epochs() * phase.steps());
    int full = (int) Math.round(width * Math.clamp(share, 0, 1));
    return (boxes ? "━" : "=").repeat(full) + (boxes ? "─" : "-").repeat(width - full);
  }

  private String left() {
    if (Double.isNaN(secondsLeft)) {
      return "?:?? left";
    }
    long seconds = Math.round(secondsLeft);
    return seconds < 3600
        ? String.format(Locale.ROOT, "%d:%02d left", seconds / 60, seconds % 60)
        : String.format(Locale.ROOT, "%d:%02d h left", seconds / 3600, seconds / 60 % 60);
  }
}
