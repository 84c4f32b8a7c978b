package org.espalier.backend.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Upstream;
import org.jspecify.annotations.Nullable;

/**
 * The convolutions of a fan, image by image while the image is in the cache: its input is read and
 * framed once for all of them, their moments are taken as their results leave the cache, and their
 * gradients are made from their rules, used for both the input's and the weights' and forgotten.
 */
final class SimdFan {
  private static final Map<List<Conv>, SimdFan> PLANS = new HashMap<>();

  /** More sets of convolutions than any network has; beyond it, plans are made anew. */
  private static final int CACHED = 1024;

  /**
   * Image groups that sum the gradient of the weights by themselves, for small and large weights:
   * more would balance the threads better, but all must be added up.
   */
  private static final int MANY_GROUPS = 16;

  private static final int FEW_GROUPS = 8;
  private static final int LARGE_WEIGHT = 8192;

  // Scratch: of each worker, and of all.
  private static final int FRAMED = 0;
  private static final int UPSTREAM = 1;
  private static final int RESULT = 2;
  private static final int PACKED = 3;
  private static final int PARTIAL = 4;

  private final List<SimdWideConv> wides = new ArrayList<>();
  private final SimdFrame frame;
  private final int images;
  private final int slack;
  private final int groups;
  private final int packedForward;
  private final int packedBackward;
  private final int weightSize;

  private SimdFan(List<Conv> convs) {
    Conv first = convs.getFirst();
    images = first.n();
    List<SimdConvPlan> plans = convs.stream().map(SimdConvPlan::forward).toList();
    frame = SimdConvPlan.frame(first.h(), first.w(), first.in(), plans);
    Map<Conv, List<Integer>> alike = new LinkedHashMap<>();
    for (int arm = 0; arm < convs.size(); arm++) {
      alike.computeIfAbsent(withOut(convs.get(arm), 1), c -> new ArrayList<>()).add(arm);
    }
    for (List<Integer> arms : alike.values()) {
      int[] which = arms.stream().mapToInt(Integer::intValue).toArray();
      wides.add(new SimdWideConv(which, convs, frame));
    }
    packedForward = wides.stream().mapToInt(SimdWideConv::packedForward).sum();
    packedBackward = wides.stream().mapToInt(SimdWideConv::packedBackward).sum();
    weightSize = wides.stream().mapToInt(SimdWideConv::weightSize).sum();
    slack = wides.stream().mapToInt(SimdWideConv::slackInput).max().orElse(0);
    int largest = convs.stream().mapToInt(Conv::weightSize).max().orElse(0);
    // The bits depend on this number: it follows from the shapes.
    groups = Math.min(images, largest > LARGE_WEIGHT ? FEW_GROUPS : MANY_GROUPS);
  }

  private static Conv withOut(Conv c, int out) {
    return new Conv(
        c.n(), c.h(), c.w(), c.in(), out, c.kh(), c.kw(), c.stride(), c.pad(), c.dilation(), 1);
  }

  /** The plan for the arms of a fan, none of them grouped. */
  static synchronized SimdFan of(Fan fan) {
    List<Conv> convs = fan.arms().stream().map(Fan.Arm::conv).toList();
    if (PLANS.size() >= CACHED) {
      PLANS.clear();
    }
    return PLANS.computeIfAbsent(convs, SimdFan::new);
  }

  // ---- forward

  void forward(Workers workers, Fan fan) {
    CpuBuffer packed = workers.buffer(0, PACKED, packedForward);
    int at = packed.offset();
    for (SimdWideConv wide : wides) {
      wide.packForward(workers, fan, packed.data(), at);
      at += wide.packedForward();
    }
    int moments = fan.arms().stream().mapToInt(arm -> 2 * arm.conv().out()).sum();
    double[] parts = PartialSums.of(images * moments);
    workers.parallel(
        images, (image, worker) -> forward(workers, worker, fan, image, packed, parts, moments));
    int from = 0;
    for (SimdWideConv wide : wides) {
      for (int arm : wide.arms) {
        Fan.Arm each = fan.arms().get(arm);
        if (each.moments() != null) {
          int out = each.conv().out();
          CpuBuffer result = CpuBuffer.of(each.moments());
          SimdMoments.join(parts, from, moments, images, image -> wide.pixels(), out, result);
          from += 2 * out;
        }
      }
    }
  }

  private void forward(
      Workers workers,
      int worker,
      Fan fan,
      int image,
      CpuBuffer packed,
      double[] parts,
      int moments) {
    CpuBuffer x = framed(workers, worker, fan, image, 0);
    int atPacked = packed.offset();
    int part = image * moments;
    for (SimdWideConv wide : wides) {
      CpuBuffer y = result(workers, worker, fan, wide, image);
      wide.forward(x.data(), x.offset(), packed.data(), atPacked, y.data(), y.offset());
      atPacked += wide.packedForward();
      for (int i = 0; i < wide.arms.length; i++) {
        Fan.Arm arm = fan.arms().get(wide.arms[i]);
        int out = arm.conv().out();
        int size = wide.pixels() * out;
        CpuBuffer target = wide.direct() ? null : (CpuBuffer) arm.y().slice(image * size, size);
        CpuBuffer source = new CpuBuffer(y.data(), y.offset() + wide.column(i), size);
        if (arm.moments() != null) {
          SimdMoments.leave(source, wide.width, wide.pixels(), out, target, parts, part);
          part += 2 * out;
        } else if (target != null) {
          SimdMoments.copy(source, wide.width, wide.pixels(), out, target);
        }
      }
    }
  }

  /** Where the wide result of one image is computed: in place, if it has one. */
  private static CpuBuffer result(
      Workers workers, int worker, Fan fan, SimdWideConv wide, int image) {
    int size = wide.pixels() * wide.width;
    return wide.direct()
        ? (CpuBuffer) fan.arms().get(wide.arms[0]).y().slice(image * size, size)
        : workers.buffer(worker, RESULT, size);
  }

  /** One image as the kernels read it. */
  private CpuBuffer framed(Workers workers, int worker, Fan fan, int image, int slack) {
    CpuBuffer x = CpuBuffer.of(fan.x());
    int start = x.offset() + image * frame.imageSize();
    if (frame.bare() && !fan.relu() && slack == 0) {
      return new CpuBuffer(x.data(), start, frame.size());
    }
    CpuBuffer framed = workers.buffer(worker, FRAMED, frame.size() + slack);
    frame.place(fan.relu(), x.data(), start, framed.data(), framed.offset());
    return framed;
  }

  // ---- backward

  void backward(Workers workers, Fan fan, @Nullable CpuBuffer dx, boolean add) {
    CpuBuffer packed = workers.buffer(0, PACKED, dx == null ? 0 : packedBackward);
    int at = packed.offset();
    for (SimdWideConv wide : wides) {
      if (dx != null) {
        wide.packBackward(workers, fan, packed.data(), at);
        at += wide.packedBackward();
      }
    }
    boolean weights = fan.arms().stream().anyMatch(arm -> arm.dw() != null);
    int size = weights ? weightSize : 0;
    float[] partial = workers.scratch(0, PARTIAL, groups * size);
    workers.parallel(
        groups,
        (group, worker) -> {
          Share share = new Share(partial, group * size, weights);
          Arrays.fill(partial, share.at, share.at + size, 0);
          for (int image = group * images / groups;
              image < (group + 1) * images / groups;
              image++) {
            backward(workers, worker, fan, image, packed, share, dx, add);
          }
        });
    if (weights) {
      gather(workers, fan, partial, size);
    }
  }

  /** Where one image's share of the weights' gradients goes. */
  private record Share(float[] partial, int at, boolean wanted) {}

  private void backward(
      Workers workers,
      int worker,
      Fan fan,
      int image,
      CpuBuffer packed,
      Share share,
      @Nullable CpuBuffer dx,
      boolean add) {
    int pitch = SimdPanels.padded(frame.c());
    int pixels = frame.h() * frame.w();
    CpuBuffer sums = workers.buffer(worker, RESULT, dx == null ? 0 : wides.size() * pixels * pitch);
    CpuBuffer x = share.wanted ? framed(workers, worker, fan, image, slack) : null;
    int atPacked = packed.offset();
    int atShare = share.at;
    for (int i = 0; i < wides.size(); i++) {
      SimdWideConv wide = wides.get(i);
      CpuBuffer dy = upstream(workers, worker, fan, wide, image);
      if (dx != null) {
        int to = sums.offset() + i * pixels * pitch;
        wide.gradInput(dy.data(), dy.offset(), packed.data(), atPacked, sums.data(), to);
        atPacked += wide.packedBackward();
      }
      if (x != null) {
        wide.gradWeight(x.data(), x.offset(), dy.data(), dy.offset(), share.partial, atShare);
        atShare += wide.weightSize();
      }
    }
    if (dx != null) {
      CpuBuffer input = CpuBuffer.of(fan.x());
      SimdMask.deliver(
          sums, wides.size(), pixels, pitch, frame.c(), fan.relu(), input, dx, image, add);
    }
  }

  /** The gradient of one image's wide result within its border. */
  private static CpuBuffer upstream(
      Workers workers, int worker, Fan fan, SimdWideConv wide, int image) {
    SimdFrame to = wide.upstream;
    Fan.Arm only = fan.arms().get(wide.arms[0]);
    if (wide.direct() && to.bare()) {
      Upstream upstream = Objects.requireNonNull(only.upstream());
      if (upstream.coefficients() == null) {
        return (CpuBuffer) upstream.g().slice(image * to.size(), to.size());
      }
    }
    CpuBuffer framed = workers.buffer(worker, UPSTREAM, to.size() + wide.width - wide.columns);
    to.border(framed.data(), framed.offset());
    for (int i = 0; i < wide.arms.length; i++) {
      Fan.Arm arm = fan.arms().get(wide.arms[i]);
      to.gradient(
          Objects.requireNonNull(arm.upstream()),
          CpuBuffer.of(arm.y()),
          image,
          arm.conv().out(),
          framed,
          wide.column(i));
    }
    return framed;
  }

  /** Adds up what the image groups left, in their order, and hands it to the arms. */
  private void gather(Workers workers, Fan fan, float[] partial, int size) {
    workers.ranges(
        size,
        LARGE_WEIGHT,
        (from, to, worker) -> {
          for (int group = 1; group < groups; group++) {
            SimdElementwise.axpby(to - from, 1, partial, group * size + from, 1, partial, from);
          }
        });
    int at = 0;
    for (SimdWideConv wide : wides) {
      for (int i = 0; i < wide.arms.length; i++) {
        Fan.Arm arm = fan.arms().get(wide.arms[i]);
        if (arm.dw() != null) {
          wide.scatter(partial, at, i, CpuBuffer.of(arm.dw()));
        }
      }
      at += wide.weightSize();
    }
  }
}
