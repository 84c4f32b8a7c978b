package org.espalier.search;

/** Sums over batches: of the loss, of the right answers, of the images. */
public record Score(double lossSum, long right, long images) {
  /** Nothing yet. */
  public static final Score NONE = new Score(0, 0, 0);

  /** Both together. */
  public Score plus(Score other) {
    return new Score(lossSum + other.lossSum, right + other.right, images + other.images);
  }

  /** Mean cross-entropy of an image. */
  public double loss() {
    return lossSum / images;
  }

  /** Share of right answers, 0 to 1. */
  public double accuracy() {
    return (double) right / images;
  }
}
