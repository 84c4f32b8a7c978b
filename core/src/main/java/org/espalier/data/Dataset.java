package org.espalier.data;

import org.espalier.InputException;

/**
 * Images to learn from and images to be judged by.
 *
 * @param name what it is, for reports
 * @param train the training part
 * @param test the test part, of the same image size, channels and classes
 */
public record Dataset(String name, Images train, Images test) {
  /**
   * @throws InputException if the parts differ in image size, channels or classes, or one is empty
   */
  public Dataset {
    if (train.size() == 0 || test.size() == 0) {
      throw new InputException(
          "%s: %d training and %d test images; both parts need at least one"
              .formatted(name, train.size(), test.size()));
    }
    if (!extents(train).equals(extents(test))) {
      throw new InputException(
          "%s: training images are %s, test images %s; they must be of one size"
              .formatted(name, extents(train), extents(test)));
    }
    if (!train.classes().equals(test.classes())) {
      throw new InputException(
          "%s: training classes are %s, test classes %s; they must be the same"
              .formatted(name, train.classes(), test.classes()));
    }
  }

  /** Rows of an image. */
  public int height() {
    return train.height();
  }

  /** Columns of an image. */
  public int width() {
    return train.width();
  }

  /** Channels of an image: 1 or 3. */
  public int channels() {
    return train.channels();
  }

  /** The number of classes. */
  public int classCount() {
    return train.classes().size();
  }

  /** The same data with at most this many images in each part: the first ones. */
  public Dataset head(int trainImages, int testImages) {
    return new Dataset(name, train.head(trainImages), test.head(testImages));
  }

  /** One line: name, sizes, classes. */
  @Override
  public String toString() {
    return "%s: %d training and %d test images %s, %d classes"
        .formatted(name, train.size(), test.size(), extents(train), classCount());
  }

  private static String extents(Images images) {
    return images.height() + "x" + images.width() + "x" + images.channels();
  }
}
