package org.espalier.cuda;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.Buffer;
import org.espalier.backend.Fan;
import org.espalier.backend.Upstream;
import org.jspecify.annotations.Nullable;

/** The launches of norm.cu. */
final class Norms {
  /** Joins of one launch: JOINS in norm.cu. */
  private static final int JOINS = 32;

  private final Launch launch;
  private final Scratch scratch;
  private final Lanes moments;
  private final Kernel momentsJoin;
  private final Lanes normalize;
  private final Lanes normalizeGrad;
  private final Kernel normalizeGradJoin;
  private final Lanes gradient;

  Norms(Device device, Scratch scratch) {
    launch = device.launch();
    this.scratch = scratch;
    moments = Lanes.of(device, "norm", "moments_parts");
    momentsJoin = device.kernel("norm", "moments_join");
    normalize = Lanes.of(device, "norm", "normalize");
    normalizeGrad = Lanes.of(device, "norm", "normalize_grad_parts");
    normalizeGradJoin = device.kernel("norm", "normalize_grad_join");
    gradient = Lanes.of(device, "norm", "gradient");
  }

  /** Parts {@code [patches, 4, c]} of moments, and where these go. */
  record Join(CudaBuffer parts, Buffer moments, int patches, int c) {}

  void moments(int rows, int c, Buffer x, Buffer result) {
    Rows over = Rows.of(rows, c, x);
    int size = over.patches() * 4 * c;
    CudaBuffer parts = scratch.begin().take(size);
    launch.begin().reads(x).writes(parts).i32(rows).i32(c).i32(over.lanes());
    over.run(launch, moments);
    join(List.of(new Join(parts, result, over.patches(), c)));
  }

  /**
   * Where each arm's tiles leave the parts of its moments, and what is to be done with them; null
   * where no moments are wanted.
   */
  List<@Nullable CudaBuffer> parts(List<Fan.Arm> arms, int tiles, List<Join> joins) {
    List<@Nullable CudaBuffer> parts = new ArrayList<>();
    for (Fan.Arm arm : arms) {
      int c = arm.conv().out();
      Buffer wanted = arm.moments();
      CudaBuffer room = wanted == null ? null : scratch.take(4 * tiles * c);
      if (wanted != null && room != null) {
        joins.add(new Join(room, wanted, tiles, c));
      }
      parts.add(room);
    }
    return parts;
  }

  /** Makes moments of the parts that convolutions and {@link #moments} leave. */
  void join(List<Join> joins) {
    for (int from = 0; from < joins.size(); from += JOINS) {
      List<Join> some = joins.subList(from, Math.min(joins.size(), from + JOINS));
      launch.begin();
      int widest = 1;
      for (Join join : some) {
        launch.reads(join.parts).writes(join.moments).i32(join.patches).i32(join.c);
        widest = Math.max(widest, join.c);
      }
      launch.run(momentsJoin, Rows.joins(widest), some.size(), 1, Lanes.BLOCK, 0);
    }
  }

  void normalize(
      int rows,
      int c,
      Buffer x,
      Buffer moments,
      float eps,
      @Nullable Buffer gamma,
      @Nullable Buffer beta,
      Buffer y) {
    Rows over = Rows.of(rows, c, x, moments, gamma, beta, y);
    launch.begin().reads(x).reads(moments).reads(gamma).reads(beta).writes(y);
    launch.f32(eps).i32(rows).i32(c).i32(over.lanes());
    over.run(launch, normalize);
  }

  void normalizeGrad(
      int rows,
      int c,
      Buffer x,
      Buffer moments,
      float eps,
      boolean batch,
      @Nullable Buffer gamma,
      Buffer dy,
      Buffer coefficients,
      @Nullable Buffer dgamma,
      @Nullable Buffer dbeta) {
    Rows over = Rows.of(rows, c, x, moments, dy);
    int size = over.patches() * 2 * c;
    CudaBuffer parts = scratch.begin().take(size);
    launch.begin().reads(x).reads(moments).reads(dy).writes(parts);
    launch.i32(rows).i32(c).i32(over.lanes());
    over.run(launch, normalizeGrad);
    launch.begin().reads(parts).reads(moments).reads(gamma).writes(coefficients);
    launch.writes(dgamma).writes(dbeta).f32(eps).bool(batch).i32(over.patches()).i32(rows).i32(c);
    launch.run(normalizeGradJoin, Rows.joins(c), Lanes.BLOCK);
  }

  void gradient(int rows, int c, Upstream upstream, Buffer x, Buffer dx, boolean add) {
    Buffer rule = upstream.coefficients();
    Rows over = Rows.of(rows, c, upstream.g(), rule, rule == null ? null : x, dx);
    launch.begin().reads(upstream.g()).reads(rule).reads(x).writes(dx);
    launch.i32(rows).i32(c).i32(over.lanes()).bool(add);
    over.run(launch, gradient);
  }
}
