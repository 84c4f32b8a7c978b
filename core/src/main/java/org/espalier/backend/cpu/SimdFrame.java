package org.espalier.backend.cpu;

import java.util.Arrays;

/**
 * An image {@code [h, w, c]} within a border of zeros, so that kernels need not ask where it ends.
 */
record SimdFrame(int h, int w, int c, int top, int left, int framedH, int framedW) {
  /** Whether there is no border: the image serves as it lies. */
  boolean bare() {
    return framedH == h && framedW == w;
  }

  /** Floats of the framed image. */
  int size() {
    return framedH * framedW * c;
  }

  int imageSize() {
    return h * w * c;
  }

  /** Floats from one row to the next. */
  int rowSize() {
    return framedW * c;
  }

  /**
   * Copies the image at {@code start} of {@code source} to the start of {@code target}, and its
   * border.
   */
  void place(float[] source, int start, float[] target) {
    int row = rowSize();
    int before = left * c;
    int width = w * c;
    Arrays.fill(target, 0, top * row, 0);
    for (int y = 0; y < h; y++) {
      int at = (top + y) * row;
      Arrays.fill(target, at, at + before, 0);
      System.arraycopy(source, start + y * width, target, at + before, width);
      Arrays.fill(target, at + before + width, at + row, 0);
    }
    Arrays.fill(target, (top + h) * row, framedH * row, 0);
  }
}
