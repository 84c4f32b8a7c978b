package org.espalier.cuda;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Upstream;
import org.jspecify.annotations.Nullable;

/**
 * Convolutions of one input: sorts the arms of a fan into launches. Arms that can share a tile of
 * the input are one launch; what the tiled kernels do not take goes to {@link AnyConv}. What is a
 * library's goes to {@link LibraryFans} before.
 */
final class Fans implements AutoCloseable {
  /** Arms of one launch: ARMS in conv.cuh. */
  static final int ARMS = 16;

  private static final int MAX_TAPS = 64;

  private final Scratch scratch;
  private final Elementwise elementwise;
  private final Norms norms;
  private final DenseConv dense;
  private final DepthwiseConv depthwise;
  private final WeightGrads weights;
  private final PointGrads points;
  private final DepthwiseBackward both;
  private final AnyConv any;
  private final LibraryFans libraries;

  Fans(Device device, Scratch scratch, Elementwise elementwise, Norms norms, CudaOptions options) {
    this.scratch = scratch;
    this.elementwise = elementwise;
    this.norms = norms;
    dense = new DenseConv(device, norms, options);
    depthwise = new DepthwiseConv(device, norms);
    weights = new WeightGrads(device, scratch, options);
    points = new PointGrads(device, scratch, weights, options);
    both = new DepthwiseBackward(device, scratch, weights);
    any = new AnyConv(device);
    libraries = new LibraryFans(device, scratch, elementwise, norms, options);
  }

  private enum Kind {
    DENSE,
    DEPTHWISE,
    ANY;

    static Kind of(Conv c) {
      if (c.kh() * c.kw() > MAX_TAPS) {
        return ANY;
      }
      return c.depthwise() ? DEPTHWISE : c.groups() == 1 ? DENSE : ANY;
    }
  }

  void forward(Fan fan) {
    scratch.begin();
    List<Norms.Join> joins = new ArrayList<>();
    Buffer x = fan.x();
    record Alike(Kind kind, int stride, int outH, int outW) {}
    launches(
        libraries.forward(fan),
        c -> new Alike(Kind.of(c), c.stride(), c.outH(), c.outW()),
        arms ->
            switch (Kind.of(arms.getFirst().conv())) {
              case DENSE -> dense.forward(x, fan.relu(), arms, false, joins);
              case DEPTHWISE -> depthwise.forward(x, fan.relu(), arms, joins);
              case ANY -> false;
            },
        arm -> any.forward(x, fan.relu(), arm));
    norms.join(joins);
    for (Fan.Arm arm : fan.arms()) {
      Buffer moments = arm.moments();
      if (moments != null && joins.stream().noneMatch(join -> join.moments() == moments)) {
        Conv c = arm.conv();
        norms.moments(c.n() * c.outH() * c.outW(), c.out(), arm.y(), moments);
      }
    }
  }

  void backward(Fan fan, @Nullable Buffer dx, boolean add) {
    List<Fan.Arm> reached = fan.arms().stream().filter(arm -> arm.upstream() != null).toList();
    scratch.begin();
    List<Fan.Arm> ours = libraries.backward(fan, reached, dx, add);
    Set<Fan.Arm> done = Collections.newSetFromMap(new IdentityHashMap<>());
    if (dx != null) {
      gradInput(fan, ours, dx, add || ours.size() < reached.size(), done);
    }
    gradWeights(fan, ours.stream().filter(a -> a.dw() != null && !done.contains(a)).toList());
  }

  /**
   * The gradient of the input.
   *
   * @param whole is given the arms whose weights' gradients came along
   */
  private void gradInput(
      Fan fan, List<Fan.Arm> reached, Buffer dx, boolean add, Set<Fan.Arm> whole) {
    if (reached.isEmpty() && !add) {
      elementwise.fill(dx, 0);
    }
    boolean[] started = {add};
    record Alike(Kind kind, int stride) {}
    launches(
        reached,
        c -> new Alike(Kind.of(c), c.stride()),
        arms -> {
          boolean done =
              switch (Kind.of(arms.getFirst().conv())) {
                case DENSE ->
                    points.backward(fan.x(), fan.relu(), arms, dx, started[0])
                        ? whole.addAll(arms)
                        : dense.backward(fan.x(), fan.relu(), arms, dx, started[0]);
                case DEPTHWISE ->
                    both.backward(fan.x(), fan.relu(), arms, dx, started[0])
                        ? whole.addAll(arms)
                        : depthwise.backward(fan.x(), fan.relu(), arms, dx, started[0]);
                case ANY -> false;
              };
          started[0] |= done;
          return done;
        },
        arm -> {
          any.backward(fan.x(), fan.relu(), arm, dx, started[0]);
          started[0] = true;
        });
  }

  private void gradWeights(Fan fan, List<Fan.Arm> arms) {
    launches(
        arms,
        Function.identity(),
        alike ->
            switch (Kind.of(alike.getFirst().conv())) {
              case DENSE -> weights.dense(fan.x(), fan.relu(), alike);
              case DEPTHWISE -> weights.depthwise(fan.x(), fan.relu(), alike);
              case ANY -> false;
            },
        arm -> any.weight(fan.x(), fan.relu(), arm));
  }

  /** Launches arms that are alike together, if they fit, else one by one, else by {@code last}. */
  private static void launches(
      List<Fan.Arm> all,
      Function<Conv, ?> alike,
      Predicate<List<Fan.Arm>> tiled,
      Consumer<Fan.Arm> last) {
    Map<Object, List<Fan.Arm>> groups = new LinkedHashMap<>();
    if (all.size() > 1) {
      for (Fan.Arm arm : all) {
        groups.computeIfAbsent(alike.apply(arm.conv()), key -> new ArrayList<>()).add(arm);
      }
    }
    for (List<Fan.Arm> group : all.size() == 1 ? List.of(all) : groups.values()) {
      for (int from = 0; from < group.size(); from += ARMS) {
        List<Fan.Arm> some = group.subList(from, Math.min(group.size(), from + ARMS));
        if (!tiled.test(some)) {
          for (Fan.Arm arm : some) {
            if (some.size() == 1 || !tiled.test(List.of(arm))) {
              last.accept(arm);
            }
          }
        }
      }
    }
  }

  static Upstream upstream(Fan.Arm arm) {
    return Objects.requireNonNull(arm.upstream());
  }

  /** Channels that can be read at once from what makes an arm's gradient. */
  static int width(Fan.Arm arm) {
    Upstream upstream = upstream(arm);
    Buffer rule = upstream.coefficients();
    return Lanes.width(arm.conv().out(), upstream.g(), rule, rule == null ? null : arm.y());
  }

  /** Writes g, y and the coefficients. */
  static int write(Launch launch, Fan.Arm arm) {
    Upstream upstream = upstream(arm);
    launch
        .reads(upstream.g())
        .reads(upstream.coefficients() == null ? null : arm.y())
        .reads(upstream.coefficients());
    return width(arm);
  }

  // ---- products: convolutions of 1x1 over m "pixels"

  void gemm(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      Buffer a,
      Buffer b,
      Buffer c,
      boolean add) {
    if (libraries.gemm(transposeA, transposeB, m, n, k, a, b, c, add)) {
      return;
    }
    scratch.begin();
    if (transposeA && transposeB) {
      any.transposed(m, n, k, a, b, c, add);
    } else if (transposeA) {
      // c [m, n] is the gradient of a weight, summed over the k rows of x = a and dy = b.
      if (!add) {
        elementwise.fill(c, 0);
      }
      Fan.Arm arm = new Fan.Arm(product(k, m, n), c, b, null, new Upstream(b, null), c);
      weights.dense(a, false, List.of(arm));
    } else if (transposeB) {
      // c [m, n] is the gradient of x, of dy = a [m, k] and the weight b [n, k].
      Fan.Arm arm = new Fan.Arm(product(m, n, k), b, a, null, new Upstream(a, null), null);
      dense.backward(c, false, List.of(arm), c, add);
    } else {
      Fan.Arm arm = new Fan.Arm(product(m, k, n), b, c, null, null, null);
      dense.forward(a, false, List.of(arm), add, new ArrayList<>());
    }
  }

  private static Conv product(int rows, int in, int out) {
    return new Conv(1, 1, rows, in, out, 1, 1, 1, 0, 1, 1);
  }

  @Override
  public void close() {
    libraries.close();
  }
}
