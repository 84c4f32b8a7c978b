package org.espalier.strategy;

import java.util.Map;
import java.util.function.ToDoubleBiFunction;
import org.espalier.backend.Buffer;
import org.espalier.space.Genotype;
import org.espalier.tensor.Rng;

/**
 * A distribution of architectures that a strategy learns by reward, in steps of its own after each
 * epoch of the weights.
 */
public interface Policy {
  /** An architecture drawn from what has been learned. */
  Genotype sample(Rng rng);

  /** Steps after each epoch of the weights. */
  int steps();

  /** Architectures that a step tries. */
  int samples();

  /**
   * Takes a step, a function of its number and {@link #buffers} alone.
   *
   * @param step counted from 0 over all epochs
   * @param accuracy of an architecture with the shared weights
   */
  void step(long step, ToDoubleBiFunction<Genotype, Protocol> accuracy, Rng rng);

  /** What the epoch's steps so far measured, by name. */
  Map<String, Double> figures();

  /** All that steps change, by name. */
  Map<String, Buffer> buffers();

  /** Continues after {@code steps} steps, the buffers having been restored. */
  void restore(long steps);
}
