package org.espalier.report;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What a run showed, in a sentence that claims no more than one training of each architecture can
 * carry.
 *
 * @param tone how it is to be coloured
 */
record Verdict(Tone tone, String sentence) {
  enum Tone {
    AHEAD,
    LEVEL,
    BEHIND,
    OPEN
  }

  /** Closer than this, one training each does not tell two architectures apart. */
  private static final double LEVEL = 0.01;

  static Verdict of(RunRecord run) {
    if (run.contenders().isEmpty()) {
      return new Verdict(Tone.OPEN, untrained(run));
    }
    Contender found = run.contenders().getFirst();
    List<Contender> others =
        run.contenders().stream().skip(1).filter(c -> Double.isFinite(c.testAccuracy())).toList();
    if (!Double.isFinite(found.testAccuracy())) {
      return new Verdict(
          Tone.OPEN, "The training of the found architecture ended without a test accuracy.");
    }
    String reached =
        "The found architecture reaches "
            + Figures.percent(found.testAccuracy())
            + " test accuracy";
    if (others.isEmpty()) {
      return new Verdict(Tone.OPEN, reached + ". No other architecture was trained beside it.");
    }
    return compare(found, others, reached);
  }

  private static String untrained(RunRecord run) {
    if (run.search().isEmpty()) {
      return "The search has not finished an epoch yet.";
    }
    var last = run.search().getLast();
    return last.epoch() < last.epochs()
        ? "The search has done %d of %d epochs; no architecture has been trained yet."
            .formatted(last.epoch(), last.epochs())
        : "The search is done; its architecture has not been trained yet.";
  }

  private static Verdict compare(Contender found, List<Contender> others, String reached) {
    double best = others.stream().mapToDouble(Contender::testAccuracy).max().orElseThrow();
    double worst = others.stream().mapToDouble(Contender::testAccuracy).min().orElseThrow();
    double lead = found.testAccuracy() - best;
    boolean alone = others.size() == 1;
    String rivals =
        others.stream()
            .map(c -> c.name() + ": " + Figures.percent(c.testAccuracy()))
            .collect(Collectors.joining(", "));
    String trained = " trained the same way (" + rivals + ")";
    if (Math.abs(lead) < LEVEL) {
      String rival = alone ? "the architecture" : "the best of " + others.size() + " architectures";
      return new Verdict(
          Tone.LEVEL,
          reached
              + ", within a point of "
              + rival
              + trained
              + ": too close to call from one training each.");
    }
    if (lead > 0) {
      String rival = alone ? "the architecture" : "the best of " + others.size() + " architectures";
      return new Verdict(
          Tone.AHEAD, reached + ", " + amount(lead) + " more than " + rival + trained + ".");
    }
    if (alone || found.testAccuracy() < worst) {
      String rival = alone ? "the architecture" : "all " + others.size() + " architectures";
      return new Verdict(
          Tone.BEHIND,
          reached
              + ", less than "
              + rival
              + trained
              + ": this search found nothing better than chance.");
    }
    return new Verdict(
        Tone.BEHIND,
        reached
            + ", "
            + amount(-lead)
            + " less than the best of "
            + others.size()
            + " architectures"
            + trained
            + ".");
  }

  private static String amount(double difference) {
    return Figures.decimal(100 * difference, 1) + " points";
  }
}
