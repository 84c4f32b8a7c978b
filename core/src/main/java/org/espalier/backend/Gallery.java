package org.espalier.backend;

/** Images that lie on a device as bytes, for batches that are made there. */
public interface Gallery {
  /**
   * Makes a batch: crop, flip, normalisation and cutout of {@code org.espalier.data.Augment}, with
   * the same draws and so the same bits.
   *
   * @param samples which images; the first {@code size} count
   * @param size images in the batch
   * @param pad black pixels on each side before the crop
   * @param flip whether half of the images are flipped
   * @param cutout side of the square of zeros
   * @param seed and {@code stream}: where the draws come from
   * @param out {@code [size, height, width, channels]}
   */
  void batch(
      int[] samples,
      int size,
      int pad,
      boolean flip,
      int cutout,
      long seed,
      long stream,
      Buffer out);
}
