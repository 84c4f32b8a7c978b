package org.espalier.optim;

/** A learning rate over time; time is counted in epochs, fractions allowed. */
@FunctionalInterface
public interface Schedule {
  /** The rate at {@code epoch}. */
  float at(double epoch);

  /** Always the same. */
  static Schedule constant(float rate) {
    return epoch -> rate;
  }

  /**
   * From {@code start} to {@code end} over {@code epochs} along half a cosine (Loshchilov and
   * Hutter 2017).
   */
  static Schedule cosine(float start, float end, double epochs) {
    return epoch -> halfCosine(start, end, Math.min(epoch / epochs, 1));
  }

  private static float halfCosine(float start, float end, double progress) {
    return (float) (end + (start - end) * (1 + Math.cos(Math.PI * progress)) / 2);
  }

  /**
   * Cosine with warm restarts (SGDR): the first period lasts {@code first} epochs, each next {@code
   * factor} times.
   */
  static Schedule warmRestarts(float start, float end, double first, double factor) {
    return epoch -> {
      double period = first;
      double since = epoch;
      while (since >= period) {
        since -= period;
        period *= factor;
      }
      return halfCosine(start, end, since / period);
    };
  }

  /** From {@code start} to {@code end} over {@code epochs} in a straight line. */
  static Schedule linear(float start, float end, double epochs) {
    return epoch -> (float) (start + (end - start) * Math.min(epoch / epochs, 1));
  }

  /** Multiplied by {@code factor} after every {@code every} epochs. */
  static Schedule step(float start, float factor, int every) {
    return epoch -> (float) (start * Math.pow(factor, Math.floor(epoch / every)));
  }
}
