package org.espalier.cuda;

import java.util.List;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.jspecify.annotations.Nullable;

/**
 * The launches for the gradients of weights: conv_weight.cu, and those of conv_depthwise.cu. Sums
 * are split over blocks by the shape alone.
 */
final class WeightGrads {
  static final int SQUARE = 16;
  static final int SHARED = 47 * 1024;
  private static final int MOST_THREADS = 640;

  /** Blocks of a launch, about: they fill a large GPU twice. */
  static final int BLOCKS = 264;

  private final Launch launch;
  private final Scratch scratch;
  private final boolean tf32;
  private final Lanes dense;
  private final Kernel dense32;
  private final Lanes depthwise;
  private final Lanes depthwise3;
  private final Lanes depthwise5;
  private final Kernel join;
  private final Plans<Plan> plans = new Plans<>();

  WeightGrads(Device device, Scratch scratch, CudaOptions options) {
    launch = device.launch();
    this.scratch = scratch;
    tf32 = options.tf32();
    dense = Lanes.of(device, "conv_weight", "dense_weight");
    dense32 = device.kernel("conv_weight", "dense_weight_tf32");
    depthwise = Lanes.of(device, "conv_depthwise", "depthwise_weight");
    depthwise3 = Lanes.of(device, "conv_depthwise", "depthwise_weight3");
    depthwise5 = Lanes.of(device, "conv_depthwise", "depthwise_weight5");
    join = device.kernel("conv_weight", "weight_join");
  }

  /**
   * A launch.
   *
   * @param threads that one group of results takes
   * @param block floats of the weight that a block computes
   * @param pitch floats of a pixel in shared memory
   */
  private record Plan(Tiling tiling, Piece piece, int threads, int block, int pitch) {
    /** Groups of results that a block adds up by themselves. */
    int groups() {
      return Math.max(1, Math.min(tiling.positions() / 8, Lanes.BLOCK / threads));
    }

    int sharedBytes() {
      int tile = tiling.positions() * (1 + pitch) + piece.pixels(tiling) * pitch;
      return 4 * Math.max(tile, groups() * block);
    }
  }

  private static @Nullable Plan plan(Conv c, int threads, int block, int pitch) {
    for (int positions = c.kh() * c.kw() == 1 ? 256 : 128; positions >= 16; positions /= 2) {
      Tiling tiling = Tiling.results(c, positions);
      Plan plan = new Plan(tiling, Piece.of(List.of(c), tiling), threads, block, pitch);
      if (threads <= MOST_THREADS && plan.sharedBytes() <= SHARED) {
        return plan;
      }
    }
    return null;
  }

  /**
   * Adds the gradients of the weights of arms of one geometry, with one group each.
   *
   * @return whether they fit: if not, nothing was done
   */
  boolean dense(Buffer x, boolean relu, List<Fan.Arm> arms) {
    Conv geometry = arms.getFirst().conv();
    Conv c = geometry.pointwise() ? Tiling.flat(geometry) : geometry;
    int width = Math.min(Lanes.width(c.in(), x), Lanes.width(c.out()));
    for (Fan.Arm arm : arms) {
      width = Math.min(width, Fans.width(arm));
    }
    boolean cores = tf32 && width == 4;
    int taps = c.kh() * c.kw();
    int block = taps * SQUARE * SQUARE;
    int threads = (cores ? 32 : 16) * taps;
    int pitch = cores ? SQUARE + 8 : SQUARE;
    Plan plan = plans.of(List.of(c), cores ? 8 : 0, () -> plan(c, threads, block, pitch));
    if (plan == null) {
      return false;
    }
    int across = Lanes.ceil(c.in(), SQUARE) * Lanes.ceil(c.out(), SQUARE);
    Kernel kernel = cores ? dense32 : dense.form(width);
    run(kernel, plan, c, x, relu, arms, across, true);
    return true;
  }

  /** As {@link #dense}, for depthwise convolutions. */
  boolean depthwise(Buffer x, boolean relu, List<Fan.Arm> arms) {
    Conv c = arms.getFirst().conv();
    int width = Lanes.width(c.in(), x);
    for (Fan.Arm arm : arms) {
      width = Math.min(width, Fans.width(arm));
    }
    int taps = c.kh() * c.kw();
    int row = c.kw() == 3 || c.kw() == 5 ? c.kw() : 1; // taps of a thread
    int threads = DepthwiseConv.DEPTH / width * taps / row;
    int block = taps * DepthwiseConv.DEPTH;
    Plan plan = plans.of(List.of(c), width, () -> plan(c, threads, block, DepthwiseConv.DEPTH));
    if (plan == null) {
      return false;
    }
    Lanes kernel = row == 3 ? depthwise3 : row == 5 ? depthwise5 : depthwise;
    int across = Lanes.ceil(c.in(), DepthwiseConv.DEPTH);
    run(kernel.form(width), plan, c, x, relu, arms, across, false);
    return true;
  }

  private void run(
      Kernel kernel,
      Plan plan,
      Conv c,
      Buffer x,
      boolean relu,
      List<Fan.Arm> arms,
      int across,
      boolean out) {
    int tiles = plan.tiling.tiles();
    int splits = Math.min(tiles, Lanes.ceil(BLOCKS, across * arms.size()));
    List<CudaBuffer> parts =
        arms.stream().map(arm -> scratch.take(splits * c.weightSize())).toList();
    launch.begin().reads(x);
    plan.tiling.write(launch);
    launch.bool(relu).i32(c.h()).i32(c.w()).i32(c.in());
    if (out) {
      launch.i32(c.out());
    }
    launch.i32(c.stride()).i32(c.before()).i32(c.dilation()).i32(c.kh()).i32(c.kw());
    launch.i32(plan.piece.tall()).i32(plan.piece.wide()).i32(tiles).i32(plan.groups());
    for (int i = 0; i < arms.size(); i++) {
      Fans.write(launch, arms.get(i));
      launch.writes(parts.get(i));
    }
    int threads = plan.threads * plan.groups();
    launch.run(kernel, splits, across, arms.size(), threads, plan.sharedBytes());
    join(arms, parts, splits);
  }

  /** Adds the parts up, those for one weight one after the other: it may serve several arms. */
  void join(List<Fan.Arm> arms, List<CudaBuffer> parts, int splits) {
    int from = 0;
    for (int to = 1; to <= arms.size(); to++) {
      if (to == arms.size() || among(arms.subList(from, to), arms.get(to).dw())) {
        joinApart(arms.subList(from, to), parts.subList(from, to), splits);
        from = to;
      }
    }
  }

  private static boolean among(List<Fan.Arm> arms, @Nullable Buffer dw) {
    long address = CudaBuffer.address(dw);
    return arms.stream().anyMatch(arm -> CudaBuffer.address(arm.dw()) == address);
  }

  private void joinApart(List<Fan.Arm> arms, List<CudaBuffer> parts, int splits) {
    launch.begin();
    int widest = 1;
    for (int i = 0; i < arms.size(); i++) {
      int size = arms.get(i).conv().weightSize();
      launch.reads(parts.get(i)).writes(arms.get(i).dw()).i32(splits).i32(size);
      widest = Math.max(widest, size);
    }
    launch.run(join, Rows.joins(widest), arms.size(), 1, Lanes.BLOCK, 0);
  }
}
