package org.espalier.cuda;

import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Upstream;
import org.jspecify.annotations.Nullable;

/** The launches of conv_any.cu: what the tiled kernels do not take. */
final class AnyConv {
  private final Launch launch;
  private final Kernel forward;
  private final Kernel grad;
  private final Kernel weight;
  private final Kernel transposed;

  AnyConv(Device device) {
    launch = device.launch();
    forward = device.kernel("conv_any", "any_conv");
    grad = device.kernel("conv_any", "any_conv_grad");
    weight = device.kernel("conv_any", "any_conv_weight");
    transposed = device.kernel("conv_any", "gemm_tt");
  }

  void forward(Buffer x, boolean relu, Fan.Arm arm) {
    arguments(x, relu, arm, null, null, false);
    launch.run(forward, Lanes.blocks(arm.conv().outSize(), 1), Lanes.BLOCK);
  }

  void backward(Buffer x, boolean relu, Fan.Arm arm, Buffer dx, boolean add) {
    arguments(x, relu, arm, Fans.upstream(arm), dx, add);
    launch.run(grad, Lanes.blocks(dx.size(), 1), Lanes.BLOCK);
  }

  void weight(Buffer x, boolean relu, Fan.Arm arm) {
    arguments(x, relu, arm, Fans.upstream(arm), null, false);
    launch.run(weight, arm.conv().weightSize(), Lanes.BLOCK);
  }

  private void arguments(
      Buffer x,
      boolean relu,
      Fan.Arm arm,
      @Nullable Upstream upstream,
      @Nullable Buffer dx,
      boolean add) {
    Conv c = arm.conv();
    launch.begin().reads(x).reads(arm.w());
    if (upstream == null) {
      launch.writes(arm.y()).reads(null).reads(null);
    } else {
      launch.reads(arm.y()).reads(upstream.g()).reads(upstream.coefficients());
    }
    launch.writes(dx).writes(arm.dw());
    launch.bool(relu).bool(add).i32(c.n()).i32(c.h()).i32(c.w()).i32(c.in()).i32(c.out());
    launch
        .i32(c.kh())
        .i32(c.kw())
        .i32(c.stride())
        .i32(c.before())
        .i32(c.dilation())
        .i32(c.groups());
    launch.i32(c.outH()).i32(c.outW());
  }

  /** c (+)= a^T b^T for a {@code [k, m]}, b {@code [n, k]}. */
  void transposed(int m, int n, int k, Buffer a, Buffer b, Buffer c, boolean add) {
    launch.begin().reads(a).reads(b).writes(c).i32(m).i32(n).i32(k).bool(add);
    launch.run(transposed, Lanes.blocks(m * n, 1), Lanes.BLOCK);
  }
}
