package org.espalier.data;

import java.util.Arrays;

/**
 * What a pixel is shifted and scaled by: {@code (byte / 255 - mean) / std}, for each channel.
 *
 * @param mean for each channel, of pixels in [0, 1]
 * @param std for each channel, of pixels in [0, 1]; positive
 */
@SuppressWarnings("ArrayRecordComponent") // a few numbers, compared by content below
public record Normalisation(float[] mean, float[] std) {
  private static final int BYTES = 256;

  /**
   * @throws IllegalArgumentException if there are not as many means as deviations, or one is not
   *     positive
   */
  public Normalisation {
    if (mean.length != std.length) {
      throw new IllegalArgumentException(
          "%d means, %d deviations".formatted(mean.length, std.length));
    }
    for (float s : std) {
      if (!(s > 0)) {
        throw new IllegalArgumentException("deviation " + s + " is not positive");
      }
    }
  }

  /** Mean and (population) standard deviation of each channel over all pixels of these images. */
  public static Normalisation of(Images images) {
    int channels = images.channels();
    long[][] histogram = new long[channels][BYTES]; // counts are exact, whatever the order
    for (byte[] image : images.pixels()) {
      for (int i = 0; i < image.length; i++) {
        histogram[i % channels][image[i] & 0xff]++;
      }
    }
    float[] mean = new float[channels];
    float[] std = new float[channels];
    double pixels = (double) images.size() * images.height() * images.width();
    for (int c = 0; c < channels; c++) {
      double sum = 0;
      double squares = 0;
      for (int v = 0; v < BYTES; v++) {
        sum += histogram[c][v] * (double) v;
        squares += histogram[c][v] * (double) (v * v);
      }
      double m = sum / pixels;
      double variance = squares / pixels - m * m;
      mean[c] = (float) (m / 255);
      std[c] =
          variance > 0
              ? (float) (Math.sqrt(variance) / 255)
              : 1; // a constant channel is only shifted
    }
    return new Normalisation(mean, std);
  }

  /** Pixels in [0, 1], neither shifted nor scaled. */
  public static Normalisation none(int channels) {
    float[] ones = new float[channels];
    Arrays.fill(ones, 1);
    return new Normalisation(new float[channels], ones);
  }

  /** The number of channels. */
  public int channels() {
    return mean.length;
  }

  /** For each channel the 256 values that a byte can become. */
  float[][] table() {
    float[][] table = new float[mean.length][BYTES];
    for (int c = 0; c < mean.length; c++) {
      for (int v = 0; v < BYTES; v++) {
        table[c][v] = (v / 255f - mean[c]) / std[c];
      }
    }
    return table;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Normalisation(float[] m, float[] s)
        && Arrays.equals(mean, m)
        && Arrays.equals(std, s);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(mean) + Arrays.hashCode(std);
  }

  @Override
  public String toString() {
    return "mean " + Arrays.toString(mean) + ", std " + Arrays.toString(std);
  }
}
