package org.espalier.search;

import org.espalier.report.Scored;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.strategy.Derivation;
import org.espalier.strategy.Protocol;

/**
 * Scores the architectures that a strategy compares in the end, and writes them down: what an
 * earlier session has scored is not scored again.
 */
final class Candidates implements Derivation.Scorer {
  private final SearchSpace space;
  private final OneShotEvaluator evaluator;
  private final Ledger ledger;
  private final Progress progress;
  private final Runnable pause;
  private int recalled;
  private int round;
  private int count;
  private double best;

  Candidates(
      SearchSpace space,
      OneShotEvaluator evaluator,
      Ledger ledger,
      Progress progress,
      Runnable pause) {
    this.space = space;
    this.evaluator = evaluator;
    this.ledger = ledger;
    this.progress = progress;
    this.pause = pause;
    for (Scored scored : ledger.scored()) {
      evaluator.remember(
          space.parse(scored.genotype()),
          new Protocol(scored.calibration(), scored.batches(), scored.first()),
          scored.accuracy());
    }
  }

  @Override
  public double accuracy(int inRound, Genotype genotype, Protocol protocol) {
    if (inRound != round) {
      end();
      round = inRound;
    }
    double accuracy = evaluator.accuracy(genotype, protocol);
    count++;
    best = Math.max(best, accuracy);
    if (recalled < ledger.scored().size()) {
      recalled++;
    } else {
      recalled++;
      ledger
          .scored()
          .add(
              new Scored(
                  round,
                  space.format(genotype),
                  protocol.calibration(),
                  protocol.batches(),
                  protocol.first(),
                  accuracy));
      pause.run();
    }
    return accuracy;
  }

  /** Tells what a round has come to. */
  void end() {
    if (count > 0) {
      progress.note(
          "round %d: %d architectures scored with the shared weights, the best %.1f %%"
              .formatted(round, count, 100 * best));
    }
    count = 0;
    best = 0;
  }
}
