package org.espalier.search;

/**
 * What a phase of a run needs of memory, in bytes: of the heap, or of the device that it runs on.
 *
 * @param phase search, training or scoring
 * @param batch images in a step
 * @param parameters values, gradients and optimiser state of the weights, of alpha if there is one
 * @param activations all that the pool holds once every kind of pass has been made
 * @param workspace that kernels keep for themselves, and a device to work at all: an estimate
 * @param batches images in use, and those that loaders prepare on the heap
 * @param checkpoint copies made while one is written; 0 on a device
 */
public record PhaseMemory(
    String phase,
    int batch,
    long parameters,
    long activations,
    long workspace,
    long batches,
    long checkpoint) {
  /** All of it. */
  public long bytes() {
    return parameters + activations + workspace + batches + checkpoint;
  }

  /** The key of the batch's size in a configuration. */
  public String batchKey() {
    return phase + ".batch";
  }
}
