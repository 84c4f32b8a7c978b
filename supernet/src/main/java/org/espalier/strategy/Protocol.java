package org.espalier.strategy;

/**
 * What an architecture is scored on with the shared weights.
 *
 * @param calibration training batches that the statistics of batch normalisation are taken from; 0:
 *     each validation batch is normalised by its own
 * @param batches of validation images; 0: all of them
 * @param first which batch is the first, in the endless sequence of them
 */
public record Protocol(int calibration, int batches, long first) {
  /** Statistics of the batch, on some validation batches. */
  public static Protocol batches(int batches, long first) {
    return new Protocol(0, batches, first);
  }
}
