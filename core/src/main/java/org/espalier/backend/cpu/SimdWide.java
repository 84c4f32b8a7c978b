package org.espalier.backend.cpu;

import org.espalier.backend.Fan;

/** A way to compute the convolutions of {@link SimdArms}, image by image. */
sealed interface SimdWide permits SimdWideConv, SimdWinograd {
  SimdArms arms();

  /** Floats from a pixel of the wide result to the next: all columns, in whole vectors. */
  int width();

  /** Whether {@link #forward} writes each arm's result where it belongs. */
  boolean direct();

  /** How the gradient of the wide result lies within its border. */
  SimdFrame upstream();

  /** Floats that may be read past the end of a framed input. */
  int slackInput();

  int packedForward();

  int packedBackward();

  /** Floats of {@link #gradWeight}'s sums. */
  int weightSize();

  /** Writes the weights as {@link #forward} reads them. */
  void packForward(Workers workers, Fan fan, float[] packed, int at);

  /** Writes the weights as {@link #gradInput} reads them. */
  void packBackward(Workers workers, Fan fan, float[] packed, int at);

  /**
   * The results of one framed image.
   *
   * @param y where {@link #direct}, each arm's {@code [pixels, out]}; otherwise only one, {@code
   *     [pixels, width]}
   */
  void forward(Scratch scratch, CpuBuffer x, float[] packed, int atPacked, CpuBuffer[] y);

  /** dx {@code [h*w, padded(in)]} of one framed gradient. */
  void gradInput(Scratch scratch, CpuBuffer dy, float[] packed, int atPacked, float[] dx, int atDx);

  /** dw += one framed image's share, in the layout that {@link #scatter} reads. */
  void gradWeight(Scratch scratch, CpuBuffer x, CpuBuffer dy, float[] dw, int atDw);

  /** Adds the sum of all images' shares to the dw of one arm. */
  void scatter(float[] sum, int at, int arm, CpuBuffer dw);

  /** The scratch memory of the worker that computes an image. */
  record Scratch(Workers workers, int worker) {
    // Slots, of each worker but for the last two, which are of all.
    static final int FRAMED = 0;
    static final int UPSTREAM = 1;
    static final int RESULT = 2;
    static final int TILES = 3;
    static final int PRODUCTS = 4;
    static final int PACKED = 5;
    static final int PARTIAL = 6;

    CpuBuffer get(int slot, int size) {
      return workers.buffer(worker, slot, size);
    }
  }
}
