package org.espalier.benchmark;

/**
 * Seconds that trying an architecture takes, as NATS-Bench counts them: the epochs of training, and
 * validating once.
 *
 * @param epoch of one epoch of training
 * @param validation of validating once
 */
public record TrainingCost(Column epoch, Column validation) {
  /** Seconds for that many epochs and one validation; NaN if missing. */
  public double seconds(int index, int epochs) {
    return epochs * epoch.at(index) + validation.at(index);
  }
}
