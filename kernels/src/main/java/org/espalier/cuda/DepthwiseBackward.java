package org.espalier.cuda;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.jspecify.annotations.Nullable;

/**
 * The launches of conv_depthwise_back.cu: both gradients at once, where both are wanted. What it
 * does not take is {@link DepthwiseConv}'s and {@link WeightGrads}'.
 */
final class DepthwiseBackward {
  /**
   * Dynamic shared memory of a block. Every device gives so much if asked, that of compute
   * capability 7.5 to one block at a time.
   */
  static final int SHARED = 51 * 1024;

  /** Pixels of a thread: STRIP. */
  private static final int STRIP = 8;

  /** Threads of a strip, each with two channels. */
  private static final int PAIRS = DepthwiseConv.DEPTH / 2;

  private static final int WARP = 32;

  /** Where a tile of several images leaves fewer blocks than this, it has fewer. */
  private static final int BLOCKS = 128;

  private final Launch launch;
  private final Scratch scratch;
  private final WeightGrads weights;
  private final Kernel kernel;
  private final Plans<Plan> plans = new Plans<>();

  DepthwiseBackward(Device device, Scratch scratch, WeightGrads weights) {
    launch = device.launch();
    this.scratch = scratch;
    this.weights = weights;
    kernel = device.kernel("conv_depthwise_back", "depthwise_back");
  }

  /**
   * A launch.
   *
   * @param taps of the largest arm
   */
  private record Plan(Tiling tiling, Piece piece, int taps) {
    static Plan of(List<Conv> convs, int positions) {
      Tiling tiling = Tiling.pixels(convs.getFirst(), positions);
      int taps = convs.stream().mapToInt(c -> c.kh() * c.kw()).max().orElseThrow();
      return new Plan(tiling, Piece.ofGradients(convs, tiling), taps);
    }

    int threads() {
      return tiling.positions() / STRIP * PAIRS;
    }

    /** The parts of the warps, the weights, and the piece. */
    int sharedBytes() {
      int sums = (threads() / WARP + 1) * taps;
      return Float.BYTES * DepthwiseConv.DEPTH * (sums + piece.pixels(tiling));
    }
  }

  /** Tiles of a convolution, at most: none has fewer rows than a strip, nor columns if it can. */
  static long mostTiles(Conv c) {
    return (long) c.n() * Lanes.ceil(c.h(), STRIP) * Lanes.ceil(c.w(), STRIP);
  }

  private static boolean takes(Conv c) {
    return c.stride() == 1
        && c.kh() == c.kw()
        && (c.kh() == 3 || c.kh() == 5)
        && (c.dilation() == 1 || c.dilation() == 2);
  }

  private static @Nullable Plan plan(List<Conv> convs) {
    if (!convs.stream().allMatch(DepthwiseBackward::takes)) {
      return null;
    }
    int across = Lanes.ceil(convs.getFirst().in(), DepthwiseConv.DEPTH);
    Plan best = null;
    for (int positions = Tiling.SIDE * Tiling.SIDE; positions >= WARP; positions /= 2) {
      Plan plan = Plan.of(convs, positions);
      if (plan.tiling.rows() >= STRIP && plan.sharedBytes() <= SHARED) {
        best = plan;
        if (plan.tiling.images() == 1 || plan.tiling.tiles() * across >= BLOCKS) {
          break;
        }
      }
    }
    return best;
  }

  /**
   * As {@link DenseConv#backward}, and adds the gradients of the weights that are wanted.
   *
   * @return whether it did: not where no weight's gradient is wanted
   */
  boolean backward(Buffer x, boolean relu, List<Fan.Arm> arms, Buffer dx, boolean add) {
    Conv first = arms.getFirst().conv();
    int width = Lanes.width(first.in(), x, dx);
    for (Fan.Arm arm : arms) {
      width = Math.min(width, Fans.width(arm));
    }
    if (width < 4 || arms.stream().allMatch(arm -> arm.dw() == null)) {
      return false;
    }
    List<Conv> convs = arms.stream().map(Fan.Arm::conv).toList();
    Plan plan = plans.of(convs, width, () -> plan(convs));
    if (plan == null) {
      return false;
    }
    int tiles = plan.tiling.tiles();
    List<Fan.Arm> wanted = new ArrayList<>();
    List<CudaBuffer> parts = new ArrayList<>();
    launch.begin().reads(x).writes(dx);
    plan.tiling.write(launch);
    launch.i32(arms.size()).bool(relu).bool(add).i32(first.in()).i32(plan.taps);
    for (Fan.Arm arm : arms) {
      Conv c = arm.conv();
      CudaBuffer part = arm.dw() == null ? null : scratch.take(tiles * c.weightSize());
      if (part != null) {
        wanted.add(arm);
        parts.add(part);
      }
      launch.reads(arm.w());
      Fans.write(launch, arm);
      launch.writes(part);
      launch.i32(c.kh()).i32(c.before()).i32(c.dilation()).i32(c.outH()).i32(c.outW());
    }
    int across = Lanes.ceil(first.in(), DepthwiseConv.DEPTH);
    launch.run(kernel, tiles, across, 1, plan.threads(), plan.sharedBytes());
    weights.join(wanted, parts, tiles);
    return true;
  }
}
