package org.espalier.backend;

/**
 * The geometry of a square pooling window over {@code [n, h, w, c]}. Padding never counts: the
 * maximum ignores it and the average divides by the number of pixels inside the image ({@code
 * count_include_pad=False}). Among equal maxima the first in row-major order takes the gradient.
 */
public record Pool(Kind kind, int n, int h, int w, int c, int k, int stride, int pad) {
  /** What is kept of a window. */
  public enum Kind {
    /** The largest value. */
    MAX,
    /** The mean. */
    AVERAGE
  }

  /** Output rows. */
  public int outH() {
    return (h + 2 * pad - k) / stride + 1;
  }

  /** Output columns. */
  public int outW() {
    return (w + 2 * pad - k) / stride + 1;
  }
}
