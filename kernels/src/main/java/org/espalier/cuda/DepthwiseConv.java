package org.espalier.cuda;

import java.util.List;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.jspecify.annotations.Nullable;

/** The launches of conv_depthwise.cu but those for the weights. */
final class DepthwiseConv {
  /** Channels of a block: DEPTH. */
  static final int DEPTH = 16;

  /** Dynamic shared memory of a block: with the static, 48 KiB suffice. */
  static final int SHARED = 39 * 1024;

  private final Launch launch;
  private final Norms norms;
  private final Lanes forward;
  private final Kernel small;
  private final Lanes grad;
  private final Kernel gradSmall;
  private final Plans<Plan> forwardPlans = new Plans<>();
  private final Plans<Plan> backwardPlans = new Plans<>();

  DepthwiseConv(Device device, Norms norms) {
    launch = device.launch();
    this.norms = norms;
    forward = Lanes.of(device, "conv_depthwise", "depthwise");
    small = device.kernel("conv_depthwise", "depthwise_small_v4");
    grad = Lanes.of(device, "conv_depthwise", "depthwise_grad");
    gradSmall = device.kernel("conv_depthwise", "depthwise_grad_small_v4");
  }

  /** Positions of a block whose threads have {@code each}, and {@code width} channels. */
  private static int positions(int width, int each) {
    return Lanes.BLOCK / (DEPTH / width) * each;
  }

  private record Plan(Kernel kernel, Tiling tiling, Piece piece) {
    int sharedBytes() {
      return 4 * piece.pixels(tiling) * DEPTH;
    }

    @Nullable Plan ifItFits() {
      return sharedBytes() <= SHARED ? this : null;
    }
  }

  private @Nullable Plan forwardPlan(List<Conv> convs, int width) {
    Tiling tiling = Tiling.results(convs.getFirst(), positions(width, 4));
    Plan plan = new Plan(forward.form(width), tiling, Piece.of(convs, tiling)).ifItFits();
    if (plan == null && width == 4) { // with a stride, the piece under a tile is large
      Tiling less = Tiling.results(convs.getFirst(), positions(width, 1));
      plan = new Plan(small, less, Piece.of(convs, less)).ifItFits();
    }
    return plan;
  }

  private @Nullable Plan backwardPlan(List<Conv> convs, int width) {
    Tiling tiling = Tiling.pixels(convs.getFirst(), positions(width, 4));
    Plan plan = new Plan(grad.form(width), tiling, Piece.ofGradients(convs, tiling)).ifItFits();
    if (plan == null && width == 4) { // of small images a tile has several, each with its edge
      Tiling less = Tiling.pixels(convs.getFirst(), positions(width, 1));
      plan = new Plan(gradSmall, less, Piece.ofGradients(convs, less)).ifItFits();
    }
    return plan;
  }

  /** As {@link DenseConv#forward}. */
  boolean forward(Buffer x, boolean relu, List<Fan.Arm> arms, List<Norms.Join> joins) {
    List<Conv> convs = arms.stream().map(Fan.Arm::conv).toList();
    Conv first = convs.getFirst();
    int width = Lanes.width(first.in(), x);
    for (Fan.Arm arm : arms) {
      width = Math.min(width, Lanes.width(first.in(), arm.w(), arm.y()));
    }
    int lanes = width;
    Plan plan = forwardPlans.of(convs, width, () -> forwardPlan(convs, lanes));
    if (plan == null) {
      return false;
    }
    int tiles = plan.tiling.tiles();
    List<@Nullable CudaBuffer> parts = norms.parts(arms, tiles, joins);
    launch.begin().reads(x);
    plan.tiling.write(launch);
    launch.i32(arms.size()).bool(relu);
    launch.i32(first.h()).i32(first.w()).i32(first.in()).i32(first.stride());
    plan.piece.write(launch);
    for (int i = 0; i < arms.size(); i++) {
      Conv c = convs.get(i);
      launch.reads(arms.get(i).w()).writes(arms.get(i).y()).writes(parts.get(i));
      launch.i32(c.kh()).i32(c.kw()).i32(c.before()).i32(c.dilation());
    }
    int across = Lanes.ceil(first.in(), DEPTH);
    launch.run(plan.kernel, tiles, across, 1, Lanes.BLOCK, plan.sharedBytes());
    return true;
  }

  /** As {@link DenseConv#backward}. */
  boolean backward(Buffer x, boolean relu, List<Fan.Arm> arms, Buffer dx, boolean add) {
    List<Conv> convs = arms.stream().map(Fan.Arm::conv).toList();
    Conv first = convs.getFirst();
    int width = Lanes.width(first.in(), relu ? x : null, dx);
    for (Fan.Arm arm : arms) {
      width = Math.min(width, Math.min(Fans.width(arm), Lanes.width(arm.w())));
    }
    int lanes = width;
    Plan plan = backwardPlans.of(convs, width, () -> backwardPlan(convs, lanes));
    if (plan == null) {
      return false;
    }
    launch.begin().reads(relu ? x : null).writes(dx);
    plan.tiling.write(launch);
    launch.i32(arms.size()).bool(relu).bool(add);
    launch.i32(first.h()).i32(first.w()).i32(first.in()).i32(first.stride());
    for (Fan.Arm arm : arms) {
      Conv c = arm.conv();
      launch.reads(arm.w());
      Fans.write(launch, arm);
      launch.i32(c.kh()).i32(c.kw()).i32(c.before()).i32(c.dilation()).i32(c.outH()).i32(c.outW());
    }
    launch.run(
        plan.kernel,
        plan.tiling.tiles(),
        Lanes.ceil(first.in(), DEPTH),
        first.stride() * first.stride(),
        Lanes.BLOCK,
        plan.sharedBytes());
    return true;
  }
}
