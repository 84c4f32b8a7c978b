package org.espalier.nn;

import org.espalier.tensor.Rng;

/** How a parameter starts. */
@FunctionalInterface
public interface Init {
  /** Value of element {@code i}. */
  float value(Rng rng, int i);

  /** All zero. */
  static Init zeros() {
    return (rng, i) -> 0;
  }

  /** All one. */
  static Init ones() {
    return (rng, i) -> 1;
  }

  /**
   * Uniform within 1/sqrt(fanIn): what PyTorch gives convolutions and linear layers, and what the
   * papers used.
   */
  static Init uniform(int fanIn) {
    return within((float) (1 / Math.sqrt(fanIn)));
  }

  /** Uniform within {@code bound} of zero. */
  static Init within(float bound) {
    return (rng, i) -> bound * (2 * rng.uniform(i) - 1);
  }

  /** Normal around zero. */
  static Init normal(float deviation) {
    return (rng, i) -> deviation * rng.normal(i);
  }
}
