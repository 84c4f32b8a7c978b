package org.espalier.cuda;

import java.util.List;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;

/** The launches of conv_point.cu: both gradients of a 1x1 convolution of few channels at once. */
final class PointGrads {
  private static final int THREADS = 128;
  private static final int SUMS = 4096;

  private final Launch launch;
  private final Scratch scratch;
  private final WeightGrads weights;
  private final boolean tf32;
  private final Form[] forms;

  /** The kernels for up to so many channels. */
  private record Form(int channels, Kernel kernel, Kernel kernel32) {
    static Form of(Device device, int channels) {
      String name = "point_grad" + channels;
      return new Form(
          channels, device.kernel("conv_point", name), device.kernel("conv_point", name + "_tf32"));
    }

    /** A large weight makes large parts: two tiles at least share one. */
    int splits(int rows) {
      int tiles = Lanes.ceil(rows, SUMS / channels);
      return Math.min(WeightGrads.BLOCKS, channels > 16 ? Lanes.ceil(tiles, 2) : tiles);
    }
  }

  /** Of a block: the weight, and tiles of dy and x. Beyond 48 KiB at 64 channels. */
  static int sharedBytes(int channels, boolean tf32) {
    int weight = channels * (channels + 8);
    int pitches = channels + 4 + channels + (tf32 ? 8 : 4);
    return Float.BYTES * (weight + SUMS / channels * pitches);
  }

  PointGrads(Device device, Scratch scratch, WeightGrads weights, CudaOptions options) {
    launch = device.launch();
    this.scratch = scratch;
    this.weights = weights;
    tf32 = options.tf32();
    forms = new Form[] {Form.of(device, 16), Form.of(device, 32), Form.of(device, 64)};
  }

  /**
   * dx (+)= the gradient through the only arm, and that of its weight is added.
   *
   * @return whether it is an arm for it: if not, nothing was done
   */
  boolean backward(Buffer x, boolean relu, List<Fan.Arm> arms, Buffer dx, boolean add) {
    Fan.Arm arm = arms.getFirst();
    Conv c = arm.conv();
    int most = Math.max(c.in(), c.out());
    if (arms.size() > 1
        || arm.dw() == null
        || !c.pointwise()
        || most > 64
        || 2 * Math.min(c.in(), c.out()) <= most // half of the products would be of nothing
        || Lanes.width(c.in(), x, dx) != 4
        || Fans.width(arm) != 4) {
      return false;
    }
    Form form = forms[most <= 16 ? 0 : most <= 32 ? 1 : 2];
    int rows = c.n() * c.h() * c.w();
    int splits = form.splits(rows);
    CudaBuffer parts = scratch.take(splits * c.weightSize());
    launch.begin().reads(x).reads(arm.w());
    Fans.write(launch, arm);
    launch.writes(dx).writes(parts).i32(rows).i32(c.in()).i32(c.out()).bool(relu).bool(add);
    launch.run(
        tf32 ? form.kernel32 : form.kernel,
        splits,
        1,
        1,
        THREADS,
        sharedBytes(form.channels, tf32));
    weights.join(arms, List.of(parts), splits);
    return true;
  }
}
