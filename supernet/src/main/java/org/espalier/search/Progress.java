package org.espalier.search;

import org.espalier.report.SearchEpoch;
import org.espalier.report.TrainEpoch;

/** What a run tells while it goes on. All methods are called from the run's own thread. */
public interface Progress {
  /**
   * A part of a run: the search, or the training of one architecture.
   *
   * @param name "search", or "training found", "training random 1" ...
   * @param epochs how many it has
   * @param steps of an epoch
   * @param done steps that an earlier session has already taken, counted from the start of the
   *     phase
   */
  record Phase(String name, int epochs, int steps, long done) {}

  /**
   * A step that has been taken.
   *
   * @param epoch counted from 1
   * @param step counted from 1
   * @param loss mean over the epoch so far
   * @param accuracy share of right answers over the epoch so far; where it is NaN as the loss is,
   *     there are no such things
   * @param imagesPerSecond over the last steps
   */
  record Step(int epoch, int step, double loss, double accuracy, double imagesPerSecond) {}

  /** A phase begins. */
  default void begin(Phase phase) {}

  /** A step is done. */
  default void step(Step step) {}

  /** An epoch of the search is done. */
  default void epoch(SearchEpoch epoch) {}

  /** An epoch of a training is done. */
  default void epoch(TrainEpoch epoch) {}

  /** A phase is over. */
  default void end(Phase phase) {}

  /** A line for the user, such as a warning. */
  default void note(String line) {}

  /** Tells nobody. */
  Progress SILENT = new Progress() {};
}
