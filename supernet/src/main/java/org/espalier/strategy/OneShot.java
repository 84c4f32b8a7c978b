package org.espalier.strategy;

/**
 * The settings of strategies that compare architectures by the weights they share. The published
 * ones are the defaults of the spaces.
 *
 * @param controller how ENAS' controller is made and learns
 * @param candidates what enas, setn and random score in the end
 * @param evolution what spos and fairnas do in the end
 */
public record OneShot(Controller controller, Candidates candidates, Evolution evolution) {
  /**
   * An LSTM that writes architectures down, and how it learns by reward.
   *
   * @param hidden units of a layer
   * @param layers of the LSTM
   * @param biases whether its gates have them
   * @param temperature that logits are divided by
   * @param tanh logits of inputs are {@code tanh * tanh(logit / temperature)}
   * @param operationTanh the same for logits of operations
   * @param learningRate of Adam
   * @param beta1 of Adam's mean
   * @param epsilon of Adam
   * @param clip largest global norm of the gradient; 0: any
   * @param entropy weight of the entropy in the reward
   * @param baselineDecay of the moving average of rewards
   * @param frozenBaseline whether the average moves only between epochs
   * @param steps of Adam after each epoch of the weights
   * @param samples architectures of a step
   */
  public record Controller(
      int hidden,
      int layers,
      boolean biases,
      float temperature,
      float tanh,
      float operationTanh,
      float learningRate,
      float beta1,
      float epsilon,
      float clip,
      double entropy,
      double baselineDecay,
      boolean frozenBaseline,
      int steps,
      int samples) {}

  /**
   * Architectures that are scored with statistics of the batch, and the best of them taken.
   *
   * @param count how many
   * @param batches of validation images for each, of its own
   * @param finalists how many of the best are scored again, on all validation images; 0: the best
   *     is taken as it is
   */
  public record Candidates(int count, int batches, int finalists) {}

  /**
   * A population of architectures that are scored with statistics of their own.
   *
   * @param generations the first one random
   * @param population distinct architectures of a generation
   * @param parents the best so far, which the next generation descends from
   * @param mutants of a generation
   * @param crossovers of a generation
   * @param mutation probability that a choice of a mutant is drawn anew
   * @param calibration training batches for the statistics of batch normalisation
   * @param batches of validation images, the same for all; 0: all of them
   */
  public record Evolution(
      int generations,
      int population,
      int parents,
      int mutants,
      int crossovers,
      double mutation,
      int calibration,
      int batches) {}
}
