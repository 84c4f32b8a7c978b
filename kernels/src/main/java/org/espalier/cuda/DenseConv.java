package org.espalier.cuda;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.jspecify.annotations.Nullable;

/** The launches of conv_dense.cu: convolutions with one group, and the gradient of their input. */
final class DenseConv {
  private static final int THREADS = 128;
  private static final int SUMS = 4096;
  private static final int SLAB = 16;

  /** A block is given no more dynamic shared memory: with its static, 48 KiB suffice. */
  static final int SHARED = 43 * 1024;

  /** Blocks that fill a large GPU twice: with fewer tiles, the arms go to blocks of their own. */
  private static final int ENOUGH_BLOCKS = 264;

  private final Launch launch;
  private final Norms norms;
  private final boolean tf32;
  private final Form[] forms;
  private final Plans<Plan> forwardPlans = new Plans<>();
  private final Plans<Plan> backwardPlans = new Plans<>();

  /** The kernels for blocks of that many columns. */
  private record Form(int columns, Lanes forward, Lanes grad, Kernel forward32, Kernel grad32) {
    static Form of(Device device, int columns) {
      return new Form(
          columns,
          Lanes.of(device, "conv_dense", "dense" + columns),
          Lanes.of(device, "conv_dense", "dense_grad" + columns),
          device.kernel("conv_dense", "dense" + columns + "_tf32"),
          device.kernel("conv_dense", "dense_grad" + columns + "_tf32"));
    }

    int positions() {
      return SUMS / columns;
    }

    /** Blocks of columns that a width takes. */
    int blocks(int width) {
      return Lanes.ceil(width, columns);
    }
  }

  /** How some arms are computed: the form, the tiles, what lies in shared memory at a time. */
  private record Plan(Form form, Tiling tiling, Piece piece, int channels) {
    int sharedBytes() {
      int slabs = 2 * SLAB * (form.columns + 8);
      return 4 * (slabs + piece.pixels(tiling) * (channels + 4));
    }
  }

  DenseConv(Device device, Norms norms, CudaOptions options) {
    launch = device.launch();
    this.norms = norms;
    tf32 = options.tf32();
    forms = new Form[] {Form.of(device, 16), Form.of(device, 32), Form.of(device, 64)};
  }

  private static boolean pointwise(List<Fan.Arm> arms) {
    return arms.stream().allMatch(arm -> arm.conv().pointwise());
  }

  private static List<Conv> geometries(List<Fan.Arm> arms) {
    boolean flat = pointwise(arms);
    return arms.stream().map(a -> flat ? Tiling.flat(a.conv()) : a.conv()).toList();
  }

  /**
   * The forms, the one with the least idle columns first. Where the source fits one slab, more
   * positions to a block are better than more columns, for less of the tile is edge.
   */
  private List<Form> byFit(List<Integer> widths, int depth) {
    List<Form> order = new ArrayList<>(List.of(forms));
    if (depth > SLAB) {
      order = new ArrayList<>(order.reversed());
    }
    order.sort(
        Comparator.comparingInt(
            form -> widths.stream().mapToInt(w -> form.blocks(w) * form.columns).sum()));
    return order;
  }

  private interface Planner {
    Plan plan(Form form, int channels);
  }

  /** The first plan whose shared memory a block can have, or null. */
  private @Nullable Plan plan(List<Form> order, int depth, Planner planner) {
    int most = Math.min(SLAB, Math.max(tf32 ? 8 : 4, Lanes.powerOfTwo(depth)));
    for (Form form : order) {
      for (int channels = most; channels >= (tf32 ? 8 : 4); channels /= 2) {
        Plan plan = planner.plan(form, channels);
        if (plan.sharedBytes() <= SHARED) {
          return plan;
        }
      }
    }
    return null;
  }

  private @Nullable Plan forwardPlan(List<Conv> convs) {
    Conv first = convs.getFirst();
    return plan(
        byFit(convs.stream().map(Conv::out).toList(), first.in()),
        first.in(),
        (form, channels) -> {
          Tiling tiling = Tiling.results(first, form.positions());
          return new Plan(form, tiling, Piece.of(convs, tiling), channels);
        });
  }

  private @Nullable Plan backwardPlan(List<Conv> convs) {
    Conv first = convs.getFirst();
    int depth = convs.stream().mapToInt(Conv::out).max().orElseThrow();
    return plan(
        byFit(List.of(first.in()), depth),
        depth,
        (form, channels) -> {
          Tiling tiling = Tiling.pixels(first, form.positions());
          return new Plan(form, tiling, Piece.ofGradients(convs, tiling), channels);
        });
  }

  /**
   * Computes arms of one stride and one size of results.
   *
   * @param joins takes what is left of their moments
   * @return whether they fit: if not, nothing was done
   */
  boolean forward(Buffer x, boolean relu, List<Fan.Arm> arms, boolean add, List<Norms.Join> joins) {
    List<Conv> convs = geometries(arms);
    Conv first = convs.getFirst();
    Plan plan = forwardPlans.of(convs, 4, () -> forwardPlan(convs));
    if (plan == null) {
      return false;
    }
    int tiles = plan.tiling.tiles();
    int tasks = 0;
    for (Conv c : convs) {
      tasks += plan.form.blocks(c.out());
    }
    List<@Nullable CudaBuffer> parts = norms.parts(arms, tiles, joins);
    launch.begin().reads(x);
    plan.tiling.write(launch);
    launch.i32(arms.size()).bool(relu).bool(add);
    launch.i32(first.h()).i32(first.w()).i32(first.in()).i32(first.stride());
    plan.piece.write(launch);
    launch.i32(plan.channels).i32(tasks);
    for (int i = 0; i < arms.size(); i++) {
      Fan.Arm arm = arms.get(i);
      Conv c = convs.get(i);
      launch.reads(arm.w()).writes(arm.y()).writes(parts.get(i));
      launch.i32(c.out()).i32(c.kh()).i32(c.kw()).i32(c.before()).i32(c.dilation());
      launch.bool(Lanes.width(c.out(), arm.y()) == 4);
    }
    int width = Lanes.width(first.in(), x);
    boolean kept = first.in() <= plan.channels; // the piece stays in shared memory for all arms
    int across = kept ? Math.min(tasks, Lanes.ceil(ENOUGH_BLOCKS, tiles)) : tasks;
    Kernel kernel = tf32 && width == 4 ? plan.form.forward32 : plan.form.forward.form(width);
    launch.run(kernel, tiles, across, 1, THREADS, plan.sharedBytes());
    return true;
  }

  /**
   * dx (+)= the gradients through arms of one stride.
   *
   * @return whether they fit: if not, nothing was done
   */
  boolean backward(Buffer x, boolean relu, List<Fan.Arm> arms, Buffer dx, boolean add) {
    List<Conv> convs = geometries(arms);
    Conv first = convs.getFirst();
    Plan plan = backwardPlans.of(convs, 4, () -> backwardPlan(convs));
    if (plan == null) {
      return false;
    }
    launch.begin().reads(relu ? x : null).writes(dx);
    plan.tiling.write(launch);
    launch.i32(arms.size()).bool(relu).bool(add);
    launch.i32(first.h()).i32(first.w()).i32(first.in()).i32(first.stride());
    launch.i32(plan.channels).bool(Lanes.width(first.in(), relu ? x : null, dx) == 4);
    int width = 4;
    for (int i = 0; i < arms.size(); i++) {
      Conv c = convs.get(i);
      launch.reads(arms.get(i).w());
      width = Math.min(width, Fans.write(launch, arms.get(i)));
      launch.i32(c.out()).i32(c.kh()).i32(c.kw()).i32(c.before()).i32(c.dilation());
      launch.i32(c.outH()).i32(c.outW()).i32(0);
    }
    Kernel kernel = tf32 && width == 4 ? plan.form.grad32 : plan.form.grad.form(width);
    launch.run(
        kernel,
        plan.tiling.tiles(),
        plan.form.blocks(first.in()),
        first.stride() * first.stride(),
        THREADS,
        plan.sharedBytes());
    return true;
  }
}
