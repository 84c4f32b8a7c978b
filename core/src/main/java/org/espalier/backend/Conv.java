package org.espalier.backend;

/**
 * The geometry of a 2-D convolution: input {@code [n, h, w, in]}, weight {@code [kh, kw, in/groups,
 * out]}, output {@code [n, outH, outW, out]}. The same stride, padding, dilation and shift on both
 * axes: tap k of result o lies on pixel {@code o*stride + k*dilation - pad + shift}.
 *
 * @param pad zeros on each side of the input
 * @param shift rows and columns at the beginning of the padded input that no window sees
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
    int groups,
    int shift) {

  /** Without a shift. */
  public Conv(
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
    this(n, h, w, in, out, kh, kw, stride, pad, dilation, groups, 0);
  }

  /** Output rows. */
  public int outH() {
    return steps(h, kh);
  }

  /** Output columns. */
  public int outW() {
    return steps(w, kw);
  }

  private int steps(int extent, int k) {
    return Math.floorDiv(extent + 2 * pad - shift - dilation * (k - 1) - 1, stride) + 1;
  }

  /**
   * How many pixels before the input the first window begins; within it where negative. What
   * addresses pixels goes by this, not by {@code pad}.
   */
  public int before() {
    return pad - shift;
  }

  /** Whether each channel is convolved by itself. */
  public boolean depthwise() {
    return groups == in && in == out;
  }

  /** Whether it is one matrix product over the pixels as they lie. */
  public boolean pointwise() {
    return kh == 1 && kw == 1 && stride == 1 && pad == 0 && shift == 0 && groups == 1;
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
