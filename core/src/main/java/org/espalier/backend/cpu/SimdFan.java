package org.espalier.backend.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Upstream;
import org.espalier.backend.cpu.SimdWide.Scratch;
import org.jspecify.annotations.Nullable;

/**
 * The convolutions of a fan, image by image while the image is in the cache: its input is read and
 * framed once for all of them, their moments are taken as their results leave the cache, and their
 * gradients are made from their rules, used for both the input's and the weights' and forgotten.
 */
final class SimdFan {
  private static final Plans<List<Conv>, SimdFan> PLANS = new Plans<>(SimdFan::new);

  /**
   * Image groups that sum the gradient of the weights by themselves, for small and large weights:
   * more would balance the threads better, but all must be added up.
   */
  private static final int MANY_GROUPS = 16;

  private static final int FEW_GROUPS = 8;
  private static final int LARGE_WEIGHT = 8192;

  private final List<SimdWide> wides = new ArrayList<>();
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
    SimdFrame plain = SimdConvPlan.frame(first.h(), first.w(), first.in(), plans);
    boolean tiled = convs.stream().anyMatch(SimdWinograd::serves);
    frame = tiled ? SimdWinograd.cover(first, plain) : plain;
    Map<Conv, List<Integer>> alike = new LinkedHashMap<>();
    for (int arm = 0; arm < convs.size(); arm++) {
      alike.computeIfAbsent(withOut(convs.get(arm), 1), c -> new ArrayList<>()).add(arm);
    }
    for (List<Integer> arms : alike.values()) {
      int[] which = arms.stream().mapToInt(Integer::intValue).toArray();
      SimdArms alikes = SimdArms.of(which, convs);
      wides.add(
          SimdWinograd.serves(alikes.conv())
              ? new SimdWinograd(alikes, frame)
              : new SimdWideConv(alikes, frame));
    }
    packedForward = wides.stream().mapToInt(SimdWide::packedForward).sum();
    packedBackward = wides.stream().mapToInt(SimdWide::packedBackward).sum();
    weightSize = wides.stream().mapToInt(SimdWide::weightSize).sum();
    slack = wides.stream().mapToInt(SimdWide::slackInput).max().orElse(0);
    int largest = convs.stream().mapToInt(Conv::weightSize).max().orElse(0);
    // The bits depend on this number: it follows from the shapes.
    groups = Math.min(images, largest > LARGE_WEIGHT ? FEW_GROUPS : MANY_GROUPS);
  }

  private static Conv withOut(Conv c, int out) {
    return new Conv(
        c.n(), c.h(), c.w(), c.in(), out, c.kh(), c.kw(), c.stride(), c.pad(), c.dilation(), 1);
  }

  /** The plan for the arms of a fan, none of them grouped. */
  static SimdFan of(Fan fan) {
    return PLANS.of(fan.arms().stream().map(Fan.Arm::conv).toList());
  }

  // ---- forward

  void forward(Workers workers, Fan fan) {
    CpuBuffer packed = workers.buffer(0, Scratch.PACKED, packedForward);
    int at = packed.offset();
    for (SimdWide wide : wides) {
      wide.packForward(workers, fan, packed.data(), at);
      at += wide.packedForward();
    }
    int moments = fan.arms().stream().mapToInt(arm -> 2 * arm.conv().out()).sum();
    double[] parts = PartialSums.of(images * moments);
    workers.parallel(
        images, (image, worker) -> forward(workers, worker, fan, image, packed, parts, moments));
    int from = 0;
    for (SimdWide wide : wides) {
      for (int arm : wide.arms().arms()) {
        Fan.Arm each = fan.arms().get(arm);
        if (each.moments() != null) {
          int out = each.conv().out();
          CpuBuffer result = CpuBuffer.of(each.moments());
          SimdMoments.join(
              parts, from, moments, images, image -> wide.arms().pixels(), out, result);
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
    Scratch scratch = new Scratch(workers, worker);
    CpuBuffer x = framed(scratch, fan, image, 0);
    int atPacked = packed.offset();
    int part = image * moments;
    for (SimdWide wide : wides) {
      SimdArms arms = wide.arms();
      CpuBuffer[] y = results(scratch, fan, wide, image);
      wide.forward(scratch, x, packed.data(), atPacked, y);
      atPacked += wide.packedForward();
      for (int i = 0; i < arms.outs().length; i++) {
        Fan.Arm arm = fan.arms().get(arms.arms()[i]);
        int out = arms.outs()[i];
        CpuBuffer target = wide.direct() ? null : result(arm, image, arms.pixels());
        CpuBuffer source = wide.direct() ? y[i] : y[0].from(arms.starts()[i]);
        int pitch = wide.direct() ? out : wide.width();
        if (arm.moments() != null) {
          SimdMoments.leave(source, pitch, arms.pixels(), out, target, parts, part);
          part += 2 * out;
        } else if (target != null) {
          SimdMoments.copy(source, pitch, arms.pixels(), out, target);
        }
      }
    }
  }

  /** Where the results of one image are computed. */
  private static CpuBuffer[] results(Scratch scratch, Fan fan, SimdWide wide, int image) {
    SimdArms arms = wide.arms();
    if (!wide.direct()) {
      return new CpuBuffer[] {scratch.get(Scratch.RESULT, arms.pixels() * wide.width())};
    }
    CpuBuffer[] y = new CpuBuffer[arms.outs().length];
    for (int i = 0; i < y.length; i++) {
      y[i] = result(fan.arms().get(arms.arms()[i]), image, arms.pixels());
    }
    return y;
  }

  private static CpuBuffer result(Fan.Arm arm, int image, int pixels) {
    int size = pixels * arm.conv().out();
    return (CpuBuffer) arm.y().slice(image * size, size);
  }

  /** One image as the kernels read it. */
  private CpuBuffer framed(Scratch scratch, Fan fan, int image, int beyond) {
    CpuBuffer x = CpuBuffer.of(fan.x());
    int start = x.offset() + image * frame.imageSize();
    if (frame.bare() && !fan.relu() && beyond == 0) {
      return new CpuBuffer(x.data(), start, frame.size());
    }
    CpuBuffer framed = scratch.get(Scratch.FRAMED, frame.size() + slack);
    frame.place(fan.relu(), x.data(), start, framed.data(), framed.offset());
    return framed;
  }

  // ---- backward

  void backward(Workers workers, Fan fan, @Nullable CpuBuffer dx, boolean add) {
    CpuBuffer packed = workers.buffer(0, Scratch.PACKED, dx == null ? 0 : packedBackward);
    int at = packed.offset();
    for (SimdWide wide : wides) {
      if (dx != null) {
        wide.packBackward(workers, fan, packed.data(), at);
        at += wide.packedBackward();
      }
    }
    boolean weights = fan.arms().stream().anyMatch(arm -> arm.dw() != null);
    int size = weights ? weightSize : 0;
    CpuBuffer partial = workers.buffer(0, Scratch.PARTIAL, groups * size);
    workers.parallel(
        groups,
        (group, worker) -> {
          Share share = new Share(partial.data(), partial.offset() + group * size, weights);
          Arrays.fill(share.partial, share.at, share.at + size, 0);
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
    Scratch scratch = new Scratch(workers, worker);
    int pitch = SimdPanels.padded(frame.c());
    int pixels = frame.h() * frame.w();
    CpuBuffer sums = scratch.get(Scratch.RESULT, dx == null ? 0 : wides.size() * pixels * pitch);
    CpuBuffer x = share.wanted ? framed(scratch, fan, image, slack) : null;
    int atPacked = packed.offset();
    int atShare = share.at;
    for (int i = 0; i < wides.size(); i++) {
      SimdWide wide = wides.get(i);
      CpuBuffer dy = upstream(scratch, fan, wide, image);
      if (dx != null) {
        int to = sums.offset() + i * pixels * pitch;
        wide.gradInput(scratch, dy, packed.data(), atPacked, sums.data(), to);
        atPacked += wide.packedBackward();
      }
      if (x != null) {
        wide.gradWeight(scratch, x, dy, share.partial, atShare);
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
  private static CpuBuffer upstream(Scratch scratch, Fan fan, SimdWide wide, int image) {
    SimdFrame to = wide.upstream();
    SimdArms arms = wide.arms();
    if (arms.alone() && to.bare()) {
      Upstream upstream = Objects.requireNonNull(fan.arms().get(arms.arms()[0]).upstream());
      if (upstream.coefficients() == null) {
        return (CpuBuffer) upstream.g().slice(image * to.size(), to.size());
      }
    }
    CpuBuffer framed = scratch.get(Scratch.UPSTREAM, to.size() + wide.width() - arms.columns());
    to.border(framed.data(), framed.offset());
    for (int i = 0; i < arms.outs().length; i++) {
      Fan.Arm arm = fan.arms().get(arms.arms()[i]);
      to.gradient(
          Objects.requireNonNull(arm.upstream()),
          CpuBuffer.of(arm.y()),
          image,
          arm.conv().out(),
          framed,
          arms.starts()[i]);
    }
    return framed;
  }

  /** Adds up what the image groups left, in their order, and hands it to the arms. */
  private void gather(Workers workers, Fan fan, CpuBuffer partial, int size) {
    float[] sums = partial.data();
    int first = partial.offset();
    workers.ranges(
        size,
        LARGE_WEIGHT,
        (from, to, worker) -> {
          for (int group = 1; group < groups; group++) {
            int at = first + from;
            SimdElementwise.axpby(to - from, 1, sums, at + group * size, 1, sums, at);
          }
        });
    int at = first;
    for (SimdWide wide : wides) {
      for (int i = 0; i < wide.arms().outs().length; i++) {
        Fan.Arm arm = fan.arms().get(wide.arms().arms()[i]);
        if (arm.dw() != null) {
          wide.scatter(sums, at, i, CpuBuffer.of(arm.dw()));
        }
      }
      at += wide.weightSize();
    }
  }
}
