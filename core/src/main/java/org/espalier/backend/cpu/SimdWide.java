package org.espalier.backend.cpu;

import org.espalier.backend.Fan;

/** A way to compute the convolutions of {@link SimdArms}, a few images at a time. */
sealed interface SimdWide permits SimdWideConv, SimdWinograd {
  SimdArms arms();

  /** How many images are computed at a time; the batch is a multiple of it. */
  int images();

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
  int sumSize();

  /** Writes the weights as {@link #forward} reads them. */
  void packForward(Workers workers, Fan fan, float[] packed, int at);

  /** Writes the weights as {@link #gradInput} reads them. */
  void packBackward(Workers workers, Fan fan, float[] packed, int at);

  /**
   * The results of framed images.
   *
   * @param y where {@link #direct}, each arm's {@code [images, pixels, out]}; otherwise only one,
   *     {@code [images, pixels, width]}
   */
  void forward(Scratch scratch, CpuBuffer x, float[] packed, int atPacked, CpuBuffer[] y);

  /** dx {@code [images, h*w, padded(in)]} of framed gradients. */
  void gradInput(Scratch scratch, CpuBuffer dy, float[] packed, int atPacked, float[] dx, int atDx);

  /** Adds what framed images say of the gradient of the weights to sums of its own layout. */
  void gradWeight(Scratch scratch, CpuBuffer x, CpuBuffer dy, float[] sums, int at);

  /** The gradient of the weights {@code [kh, kw, in, width]} that such sums stand for. */
  void share(float[] sums, int at, float[] dw, int atDw);

  /** The scratch memory of the worker that computes an image. */
  record Scratch(Workers workers, int worker) {
    // Slots, of each worker but for the last two, which are of all.
    static final int FRAMED = 0;
    static final int UPSTREAM = 1;
    static final int RESULT = 2;
    static final int TILES = 3;
    static final int PRODUCTS = 4;
    static final int LINE = 5;
    static final int SUMS = 6;
    static final int PACKED = 7;
    static final int PARTIAL = 8;

    CpuBuffer get(int slot, int size) {
      return workers.buffer(worker, slot, size);
    }
  }
}
