package org.espalier.data;

import java.util.Arrays;
import java.util.List;
import org.espalier.tensor.Rng;

/**
 * Labelled images of one size. A part of them ({@link #subset}, {@link #split}, {@link #head})
 * shares their pixels, so it costs a pointer for each image.
 *
 * @param name what they are, for messages
 * @param height rows of an image
 * @param width columns of an image
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param classes the names of the classes, in the order of the labels
 * @param pixels for each image its unsigned bytes, {@code [height, width, channels]}; not to be
 *     changed
 * @param labels for each image the index of its class; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data: never compared
public record Images(
    String name,
    int height,
    int width,
    int channels,
    List<String> classes,
    byte[][] pixels,
    int[] labels) {

  /** Two disjoint parts of some images. */
  public record Split(Images first, Images second) {}

  /**
   * @throws IllegalArgumentException if an image is not of the stated size, a label is no index of
   *     a class, or there are not as many labels as images
   */
  public Images {
    classes = List.copyOf(classes);
    if (height < 1 || width < 1 || channels < 1) {
      throw new IllegalArgumentException(
          "%s: images of %dx%dx%d; each extent must be at least 1"
              .formatted(name, height, width, channels));
    }
    if (pixels.length != labels.length) {
      throw new IllegalArgumentException(
          "%s: %d images, %d labels".formatted(name, pixels.length, labels.length));
    }
    for (int i = 0; i < labels.length; i++) {
      if (pixels[i].length != height * width * channels) {
        throw new IllegalArgumentException(
            "%s: image %d has %d bytes, %dx%dx%d wants %d"
                .formatted(
                    name, i, pixels[i].length, height, width, channels, height * width * channels));
      }
      if (labels[i] < 0 || labels[i] >= classes.size()) {
        throw new IllegalArgumentException(
            "%s: image %d has label %d; there are %d classes"
                .formatted(name, i, labels[i], classes.size()));
      }
    }
  }

  /** The number of images. */
  public int size() {
    return labels.length;
  }

  /** The number of bytes, or of floats in a batch, of one image. */
  public int imageLength() {
    return height * width * channels;
  }

  /** The number of images of each class. */
  public int[] counts() {
    int[] counts = new int[classes.size()];
    for (int label : labels) {
      counts[label]++;
    }
    return counts;
  }

  /** The images at these indices, in this order. */
  public Images subset(int[] indices) {
    byte[][] chosen = new byte[indices.length][];
    int[] theirLabels = new int[indices.length];
    for (int i = 0; i < indices.length; i++) {
      chosen[i] = pixels[indices[i]];
      theirLabels[i] = labels[indices[i]];
    }
    return new Images(name, height, width, channels, classes, chosen, theirLabels);
  }

  /** The first {@code n} images, or all if there are fewer. */
  public Images head(int n) {
    int kept = Math.min(n, size());
    return new Images(
        name,
        height,
        width,
        channels,
        classes,
        Arrays.copyOf(pixels, kept),
        Arrays.copyOf(labels, kept));
  }

  /**
   * Divides the images at random into two disjoint parts that together are all of them.
   *
   * @param fraction the share of the first part, between 0 and 1; the count is rounded
   * @param rng fixes which image goes where
   * @throws IllegalArgumentException if either part would be empty
   */
  public Split split(double fraction, Rng rng) {
    int first = (int) Math.round(fraction * size());
    if (first < 1 || first >= size()) {
      throw new IllegalArgumentException(
          "%s: a split of %d images at %s leaves a part empty".formatted(name, size(), fraction));
    }
    int[] order = rng.permutation(size());
    return new Split(
        subset(Arrays.copyOf(order, first)),
        subset(Arrays.copyOfRange(order, first, order.length)));
  }

  @Override
  public String toString() {
    return "%s: %d images %dx%dx%d, %d classes"
        .formatted(name, size(), height, width, channels, classes.size());
  }
}
