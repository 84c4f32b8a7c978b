package org.espalier.strategy;

import org.espalier.backend.Backend;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.supernet.Selections;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;

/**
 * A search strategy says only what is its own: how a selection is drawn, how alpha learns, and how
 * an architecture is read off. Everything else is common to all.
 */
public interface Strategy {
  /** What it is selected by. */
  String name();

  /** One line for {@code espalier list strategies}, with the source. */
  String description();

  /** Draws what every edge computes in one pass. */
  Selections select(Draw draw);

  /** How many passes over its batch a step of the weights sums the gradients of. */
  default int passes(SearchSpace space) {
    return 1;
  }

  /** What is learned by reward between the epochs of the weights; null: nothing is. */
  default @Nullable Policy policy(SearchSpace space, OneShot settings, Backend backend, Rng rng) {
    return null;
  }

  /** How alpha learns. */
  default AlphaUpdate update() {
    return AlphaUpdate.FIRST_ORDER;
  }

  /** How alpha follows the validation loss. */
  enum AlphaUpdate {
    /** It does not: there is nothing to learn but the shared weights. */
    NONE,
    /** By its own gradient at the current weights. */
    FIRST_ORDER,
    /**
     * Through one virtual step of the weights (DARTS eq. 7), its Hessian product by finite
     * differences (eq. 8).
     */
    UNROLLED
  }

  /**
   * The weight of each candidate that alpha stands for, rows summing to 1: what is drawn, logged
   * and read off.
   */
  default float[][] strengths(float[][] alpha) {
    return softmax(alpha);
  }

  /** What an architecture is scored on when it is compared with others by the shared weights. */
  default Protocol protocol(OneShot settings) {
    return Protocol.batches(settings.candidates().batches(), 0);
  }

  /** The architecture that has been found. */
  default Genotype derive(Derivation derivation) {
    return derivation.space().derive(derivation.alphas().stream().map(this::strengths).toList());
  }

  /** Softmax of each row, in double precision. */
  static float[][] softmax(float[][] alpha) {
    float[][] result = new float[alpha.length][];
    for (int row = 0; row < alpha.length; row++) {
      double max = Double.NEGATIVE_INFINITY;
      for (float value : alpha[row]) {
        max = Math.max(max, value);
      }
      double sum = 0;
      for (float value : alpha[row]) {
        sum += Math.exp(value - max);
      }
      result[row] = new float[alpha[row].length];
      for (int k = 0; k < alpha[row].length; k++) {
        result[row][k] = (float) (Math.exp(alpha[row][k] - max) / sum);
      }
    }
    return result;
  }
}
