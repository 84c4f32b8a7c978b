package org.espalier.backend;

/**
 * The geometry of a 2-D convolution: input {@code [n, h, w, in]}, weight {@code [kh, kw, in/groups,
 * out]}, output {@code [n, outH, outW, out]}. The same stride, padding and dilation on both axes.
 */
public record Conv(
    int n,
    int h,
    int w,
    int in,
    int out,
    int kh,
    int kw,
    int stride,
    int pad,
    int dilation,
    int groups) {

  /** Output rows. */
  public int outH() {
    return (h + 2 * pad - dilation * (kh - 1) - 1) / stride + 1;
  }

  /** Output columns. */
  public int outW() {
    return (w + 2 * pad - dilation * (kw - 1) - 1) / stride + 1;
  }

  /** Whether each channel is convolved by itself. */
  public boolean depthwise() {
    return groups == in && in == out;
  }

  /** Whether it is one matrix product over the pixels as they lie. */
  public boolean pointwise() {
    return kh == 1 && kw == 1 && stride == 1 && pad == 0 && groups == 1;
  }

  /** Input channels of a group. */
  public int groupIn() {
    return in / groups;
  }

  /** Output channels of a group. */
  public int groupOut() {
    return out / groups;
  }

  /** Floats of the output. */
  public int outSize() {
    return n * outH() * outW() * out;
  }

  /** Floats of the weight. */
  public int weightSize() {
    return kh * kw * groupIn() * out;
  }

  /** Multiply-adds of the forward pass. */
  public long multiplyAdds() {
    return (long) n * outH() * outW() * weightSize();
  }
}
