package org.espalier.benchmark;

/**
 * Values of one architecture: one for each of several epochs, or one number, for which a float may
 * be too short: it is the sum of two.
 *
 * @param column the name of the column
 * @param first the epoch of the first value, from 1; {@link #NO_EPOCHS} for one number
 */
record Series(String column, int first, float[] values) {
  static final int NO_EPOCHS = 0;

  static Series of(String column, double value) {
    float most = (float) value;
    return new Series(column, NO_EPOCHS, new float[] {most, (float) (value - most)});
  }

  static Series accuracy(AccuracyKey key, double percent) {
    return new Series(key.column(), key.schedule(), new float[] {(float) percent});
  }

  /** Names of columns that are no accuracies. */
  static String parameters(String dataset) {
    return "parameters/" + dataset;
  }

  /** Multiply-adds of an image. */
  static String flops(String dataset) {
    return "flops/" + dataset;
  }

  /** Milliseconds. */
  static String latency(String device) {
    return "latency/" + device;
  }

  /** Millijoules. */
  static String energy(String device) {
    return "energy/" + device;
  }

  /** Seconds of one epoch of training. */
  static String trainSeconds(String dataset, int schedule) {
    return "seconds/train/" + dataset + "/" + schedule;
  }

  /** Seconds of validating once. */
  static String validSeconds(String dataset, int schedule) {
    return "seconds/valid/" + dataset + "/" + schedule;
  }
}
