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

  private static final int ARM_BYTES = 40;
  private static final int GRAD_ARM_BYTES = 56;

  /** Dynamic shared memory of a block: with the static, 48 KiB suffice. */
  private static final int SHARED = 39 * 1024;

  private final Launch launch;
  private final Norms norms;
  private final Lanes forward;
  private final Kernel small;
  private final Lanes grad;

  DepthwiseConv(Device device, Norms norms) {
    launch = device.launch();
    this.norms = norms;
    forward = Lanes.of(device, "conv_depthwise", "depthwise");
    small = device.kernel("conv_depthwise", "depthwise_small_v4");
    grad = Lanes.of(device, "conv_depthwise", "depthwise_grad");
  }

  /** Positions of a block whose threads have {@code each}, and {@code width} channels. */
  private static int positions(int width, int each) {
    return Lanes.BLOCK / (DEPTH / width) * each;
  }

  private static int sharedBytes(Tiling tiling, Piece piece) {
    return 4 * piece.pixels(tiling) * DEPTH;
  }

  /** As {@link DenseConv#forward}. */
  boolean forward(Buffer x, boolean relu, List<Fan.Arm> arms, List<Norms.Join> joins) {
    List<Conv> convs = arms.stream().map(Fan.Arm::conv).toList();
    Conv first = convs.getFirst();
    int width = Lanes.width(first.in(), x);
    for (Fan.Arm arm : arms) {
      width = Math.min(width, Lanes.width(first.in(), arm.w(), arm.y()));
    }
    Kernel kernel = forward.form(width);
    Tiling tiling = Tiling.results(first, positions(width, 4));
    Piece piece = Piece.of(convs, tiling);
    if (sharedBytes(tiling, piece) > SHARED && width == 4) { // with a stride, a piece is large
      kernel = small;
      tiling = Tiling.results(first, positions(width, 1));
      piece = Piece.of(convs, tiling);
    }
    if (sharedBytes(tiling, piece) > SHARED) {
      return false;
    }
    int tiles = tiling.tiles();
    List<@Nullable CudaBuffer> parts = norms.parts(arms, tiles, joins);
    launch.begin().struct().ptr(x);
    for (int i = 0; i < arms.size(); i++) {
      Conv c = convs.get(i);
      launch.ptr(arms.get(i).w()).ptr(arms.get(i).y()).ptr(parts.get(i));
      launch.i32(c.kh()).i32(c.kw()).i32(c.pad()).i32(c.dilation());
    }
    launch.skip((Fans.ARMS - arms.size()) * ARM_BYTES);
    tiling.write(launch);
    launch.i32(arms.size()).bool(relu);
    launch.i32(first.h()).i32(first.w()).i32(first.in()).i32(first.stride());
    piece.write(launch);
    launch.endStruct();
    int across = Lanes.ceil(first.in(), DEPTH);
    launch.run(kernel, tiles, across, 1, Lanes.BLOCK, 1, 1, sharedBytes(tiling, piece));
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
    Tiling tiling = Tiling.pixels(first, positions(width, 4));
    Piece piece = Piece.ofGradients(convs, tiling);
    if (sharedBytes(tiling, piece) > SHARED) {
      return false;
    }
    launch.begin().struct().ptr(x).ptr(dx);
    for (Fan.Arm arm : arms) {
      Conv c = arm.conv();
      launch.ptr(arm.w());
      Fans.write(launch, Fans.upstream(arm), arm);
      launch.i32(c.kh()).i32(c.kw()).i32(c.pad()).i32(c.dilation()).i32(c.outH()).i32(c.outW());
    }
    launch.skip((Fans.ARMS - arms.size()) * GRAD_ARM_BYTES);
    tiling.write(launch);
    launch.i32(arms.size()).bool(relu).bool(add);
    launch.i32(first.h()).i32(first.w()).i32(first.in()).i32(first.stride()).endStruct();
    launch.run(
        grad.form(width),
        tiling.tiles(),
        Lanes.ceil(first.in(), DEPTH),
        first.stride() * first.stride(),
        Lanes.BLOCK,
        1,
        1,
        sharedBytes(tiling, piece));
    return true;
  }
}
