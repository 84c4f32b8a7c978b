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
 * The convolutions of a fan, a few images at a time while they are in the cache: their input is
 * read and framed once for all of them, their moments are taken as their results leave the cache,
 * and their gradients are made from their rules, used for both the input's and the weights' and
 * forgotten.
 */
final class SimdFan {
  private static final Plans<List<Conv>, SimdFan> PLANS = new Plans<>(SimdFan::new);

  /** Floats of a row of pixels that are worth the calls for it. */
  private static final int ROW = 1 << 14;

  private static final int ROWS = 16;

  private final List<SimdWide> wides = new ArrayList<>();
  private final SimdFrame frame;
  private final int images;

  /** Images at a time. */
  private final int together;

  private final int slack;
  private final int packedForward;
  private final int packedBackward;
  private final SimdShares shares;

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
    together = wides.stream().mapToInt(SimdWide::images).max().orElse(1);
    packedForward = wides.stream().mapToInt(SimdWide::packedForward).sum();
    packedBackward = wides.stream().mapToInt(SimdWide::packedBackward).sum();
    slack = wides.stream().mapToInt(SimdWide::slackInput).max().orElse(0);
    int largest = convs.stream().mapToInt(Conv::weightSize).max().orElse(0);
    shares = new SimdShares(wides, SimdShares.groups(images / together, largest));
  }

  private static Conv withOut(Conv c, int out) {
    return new Conv(
        c.n(),
        c.h(),
        c.w(),
        c.in(),
        out,
        c.kh(),
        c.kw(),
        c.stride(),
        c.pad(),
        c.dilation(),
        1,
        c.shift());
  }

  /** The plan for the arms of a fan, none of them grouped. */
  static SimdFan of(Fan fan) {
    return PLANS.of(joined(fan.arms().stream().map(Fan.Arm::conv).toList()));
  }

  /**
   * Pointwise convolutions know no images: small ones are taken several at a time, as one row of
   * pixels, as long as there are enough such rows for the threads.
   */
  private static List<Conv> joined(List<Conv> convs) {
    Conv first = convs.getFirst();
    int rows = first.n();
    int pixels = first.h() * first.w();
    while (2 * pixels * first.in() <= ROW && rows % 2 == 0 && rows / 2 >= ROWS) {
      pixels *= 2;
      rows /= 2;
    }
    if (rows == first.n() || !convs.stream().allMatch(Conv::pointwise)) {
      return convs;
    }
    int n = rows;
    int w = pixels;
    return convs.stream()
        .map(conv -> new Conv(n, 1, w, conv.in(), conv.out(), 1, 1, 1, 0, 1, 1))
        .toList();
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
        images / together,
        (chunk, worker) -> forward(workers, worker, fan, chunk * together, packed, parts, moments));
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

  /** The results of the images from {@code first} on. */
  private void forward(
      Workers workers,
      int worker,
      Fan fan,
      int first,
      CpuBuffer packed,
      double[] parts,
      int moments) {
    Scratch scratch = new Scratch(workers, worker);
    CpuBuffer x = framed(scratch, fan, first, 0);
    int atPacked = packed.offset();
    int part = first * moments;
    for (SimdWide wide : wides) {
      for (int i = 0; i < together; i += wide.images()) {
        CpuBuffer[] y = results(scratch, fan, wide, first + i);
        wide.forward(scratch, x.from(i * frame.size()), packed.data(), atPacked, y);
        leave(fan, wide, first + i, y, parts, part + i * moments, moments);
      }
      atPacked += wide.packedForward();
      part += moments(fan, wide);
    }
  }

  /** Puts results in their place, where they are not there yet, and leaves their moments. */
  private static void leave(
      Fan fan, SimdWide wide, int first, CpuBuffer[] y, double[] parts, int part, int moments) {
    SimdArms arms = wide.arms();
    int at = part;
    for (int i = 0; i < arms.outs().length; i++) {
      Fan.Arm arm = fan.arms().get(arms.arms()[i]);
      int out = arms.outs()[i];
      int pitch = wide.direct() ? out : wide.width();
      for (int image = 0; image < wide.images(); image++) {
        CpuBuffer target = wide.direct() ? null : result(arm, first + image, arms.pixels(), 1);
        CpuBuffer source = wide.direct() ? y[i] : y[0].from(arms.starts()[i]);
        source = source.from(image * arms.pixels() * pitch);
        if (arm.moments() != null) {
          SimdMoments.leave(source, pitch, arms.pixels(), out, target, parts, at + image * moments);
        } else if (target != null) {
          SimdMoments.copy(source, pitch, arms.pixels(), out, target);
        }
      }
      at += arm.moments() == null ? 0 : 2 * out;
    }
  }

  /** Doubles that an image's moments of these arms take. */
  private static int moments(Fan fan, SimdWide wide) {
    return Arrays.stream(wide.arms().arms())
        .mapToObj(arm -> fan.arms().get(arm))
        .mapToInt(arm -> arm.moments() == null ? 0 : 2 * arm.conv().out())
        .sum();
  }

  /** Where the results of the images from {@code first} on are computed. */
  private static CpuBuffer[] results(Scratch scratch, Fan fan, SimdWide wide, int first) {
    SimdArms arms = wide.arms();
    if (!wide.direct()) {
      int size = wide.images() * arms.pixels() * wide.width();
      return new CpuBuffer[] {scratch.get(Scratch.RESULT, size)};
    }
    CpuBuffer[] y = new CpuBuffer[arms.outs().length];
    for (int i = 0; i < y.length; i++) {
      y[i] = result(fan.arms().get(arms.arms()[i]), first, arms.pixels(), wide.images());
    }
    return y;
  }

  private static CpuBuffer result(Fan.Arm arm, int first, int pixels, int count) {
    int size = pixels * arm.conv().out();
    return (CpuBuffer) arm.y().slice(first * size, count * size);
  }

  /** The images from {@code first} on as the kernels read them. */
  private CpuBuffer framed(Scratch scratch, Fan fan, int first, int beyond) {
    CpuBuffer x = CpuBuffer.of(fan.x());
    int start = x.offset() + first * frame.imageSize();
    if (frame.bare() && !fan.relu() && beyond == 0) {
      return new CpuBuffer(x.data(), start, together * frame.size());
    }
    CpuBuffer framed = scratch.get(Scratch.FRAMED, together * frame.size() + slack);
    for (int i = 0; i < together; i++) {
      int from = start + i * frame.imageSize();
      frame.place(fan.relu(), x.data(), from, framed.data(), framed.offset() + i * frame.size());
    }
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
    int groups = shares.groups();
    int chunks = images / together;
    CpuBuffer partial = shares.partial(workers, weights);
    workers.parallel(
        groups,
        (group, worker) -> {
          Scratch scratch = new Scratch(workers, worker);
          CpuBuffer sums = weights ? shares.begin(scratch) : null;
          int end = (group + 1) * chunks / groups;
          for (int chunk = group * chunks / groups; chunk < end; chunk++) {
            backward(scratch, fan, chunk * together, packed, sums, dx, add);
          }
          if (sums != null) {
            shares.leave(sums, partial, group);
          }
        });
    if (weights) {
      shares.gather(workers, fan, partial);
    }
  }

  /** The gradients by the images from {@code first} on. */
  private void backward(
      Scratch scratch,
      Fan fan,
      int first,
      CpuBuffer packed,
      @Nullable CpuBuffer sums,
      @Nullable CpuBuffer dx,
      boolean add) {
    int pitch = SimdPanels.padded(frame.c());
    int pixels = frame.h() * frame.w();
    int terms = wides.size();
    boolean direct = !add && !fan.relu() && terms == 1 && pitch == frame.c();
    CpuBuffer dxs =
        dx != null && direct
            ? dx.from(first * pixels * pitch)
            : scratch.get(Scratch.RESULT, dx == null ? 0 : terms * together * pixels * pitch);
    CpuBuffer x = sums == null ? null : framed(scratch, fan, first, slack);
    int atPacked = packed.offset();
    int atSums = sums == null ? 0 : sums.offset();
    int to = dxs.offset();
    for (SimdWide wide : wides) {
      for (int i = 0; i < together; i += wide.images()) {
        CpuBuffer dy = upstream(scratch, fan, wide, first + i);
        if (dx != null) {
          wide.gradInput(scratch, dy, packed.data(), atPacked, dxs.data(), to);
          to += wide.images() * pixels * pitch;
        }
        if (x != null && sums != null) {
          wide.gradWeight(scratch, x.from(i * frame.size()), dy, sums.data(), atSums);
        }
      }
      atPacked += wide.packedBackward();
      atSums += wide.sumSize();
    }
    if (dx != null && !direct) {
      CpuBuffer input = CpuBuffer.of(fan.x());
      int all = together * pixels;
      int chunk = first / together;
      SimdMask.deliver(dxs, terms, all, pitch, frame.c(), fan.relu(), input, dx, chunk, add);
    }
  }

  /** The gradient of the wide result of the images from {@code first} on within their borders. */
  private static CpuBuffer upstream(Scratch scratch, Fan fan, SimdWide wide, int first) {
    SimdFrame to = wide.upstream();
    SimdArms arms = wide.arms();
    if (arms.alone() && to.bare()) {
      Upstream upstream = Objects.requireNonNull(fan.arms().get(arms.arms()[0]).upstream());
      if (upstream.coefficients() == null) {
        return (CpuBuffer) upstream.g().slice(first * to.size(), wide.images() * to.size());
      }
    }
    CpuBuffer framed = scratch.get(Scratch.UPSTREAM, wide.images() * to.size() + SimdBlock.LANES);
    for (int image = 0; image < wide.images(); image++) {
      CpuBuffer one = framed.from(image * to.size());
      to.border(one.data(), one.offset());
      for (int i = 0; i < arms.outs().length; i++) {
        Fan.Arm arm = fan.arms().get(arms.arms()[i]);
        Upstream upstream = Objects.requireNonNull(arm.upstream());
        CpuBuffer y = CpuBuffer.of(arm.y());
        to.gradient(upstream, y, first + image, arm.conv().out(), one, arms.starts()[i]);
      }
    }
    return framed;
  }
}
