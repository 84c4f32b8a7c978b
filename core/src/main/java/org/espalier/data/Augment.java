package org.espalier.data;

import java.util.Arrays;
import org.espalier.tensor.Rng;

/**
 * What is done to a training image, in this order: a crop of its own size from the image padded
 * with black, a horizontal flip in half of all cases, normalisation, and a square of zeros (cutout,
 * DeVries and Taylor 2017).
 *
 * @param pad black pixels added on each side before the crop; 0 for no crop
 * @param flip whether to flip at random
 * @param cutout side of the square, whose centre is any pixel, so it may reach over the edge; 0 for
 *     none
 */
public record Augment(int pad, boolean flip, int cutout) {
  private static final Augment NONE = new Augment(0, false, 0);

  /** A sample's draws take counters of their own: no more than this many. */
  private static final int DRAWS = 8;

  /**
   * @throws IllegalArgumentException if an extent is negative
   */
  public Augment {
    if (pad < 0 || cutout < 0) {
      throw new IllegalArgumentException(
          "pad %d, cutout %d: neither may be negative".formatted(pad, cutout));
    }
  }

  /** Normalisation only: for evaluation. */
  public static Augment none() {
    return NONE;
  }

  /** Crop from 4 pixels of padding and flip: what CIFAR is commonly trained with. */
  public static Augment standard() {
    return new Augment(4, true, 0);
  }

  /** The same with a square cut out; DARTS evaluates with 16. */
  public Augment withCutout(int side) {
    return new Augment(pad, flip, side);
  }

  /** Whether the result depends on chance. */
  boolean isRandom() {
    return pad > 0 || flip || cutout > 0;
  }

  /**
   * Writes one image into a batch. What is drawn depends on {@code epoch} and {@code sample} only.
   *
   * @param image bytes, {@code [height, width, channels]}
   * @param table for each channel the value of each byte, see {@link Normalisation#table}
   * @param epoch the random stream of the epoch
   * @param sample the index of the image in the data
   * @param out takes {@code [height, width, channels]} from {@code at} on
   */
  void apply(
      byte[] image,
      int height,
      int width,
      float[][] table,
      Rng epoch,
      int sample,
      float[] out,
      int at) {
    long draw = (long) DRAWS * sample;
    int down = pad == 0 ? 0 : epoch.below(draw, 2 * pad + 1) - pad;
    int right = pad == 0 ? 0 : epoch.below(draw + 1, 2 * pad + 1) - pad;
    boolean flipped = flip && epoch.below(draw + 2, 2) == 1;
    int channels = table.length;
    int to = at;
    for (int y = 0; y < height; y++) {
      boolean rowInside = y + down >= 0 && y + down < height;
      for (int x = 0; x < width; x++) {
        int column = (flipped ? width - 1 - x : x) + right;
        boolean inside = rowInside && column >= 0 && column < width;
        int from = inside ? ((y + down) * width + column) * channels : 0;
        for (int c = 0; c < channels; c++) {
          out[to++] = table[c][inside ? image[from + c] & 0xff : 0];
        }
      }
    }
    if (cutout > 0) {
      int top = epoch.below(draw + 3, height) - cutout / 2;
      int left = epoch.below(draw + 4, width) - cutout / 2;
      int from = Math.max(0, left);
      int end = Math.min(width, left + cutout);
      for (int y = Math.max(0, top); y < Math.min(height, top + cutout); y++) {
        Arrays.fill(out, at + (y * width + from) * channels, at + (y * width + end) * channels, 0);
      }
    }
  }
}
