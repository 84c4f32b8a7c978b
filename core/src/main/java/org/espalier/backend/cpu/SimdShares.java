package org.espalier.backend.cpu;

import java.util.Arrays;
import java.util.List;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.cpu.SimdWide.Scratch;

/**
 * The gradients of a fan's weights: groups of images sum them up by themselves, and their shares
 * are added in their order, so that the bits do not depend on the threads.
 *
 * @param groups how many there are: the bits depend on it, so it follows from the shapes
 */
record SimdShares(List<SimdWide> wides, int groups) {
  /** For small weights; more would balance the threads better, but all must be added up. */
  private static final int MANY = 16;

  private static final int FEW = 8;
  private static final int LARGE_WEIGHT = 8192;

  static int groups(int chunks, int largestWeight) {
    return Math.min(chunks, largestWeight > LARGE_WEIGHT ? FEW : MANY);
  }

  /** Where the groups leave their shares. */
  CpuBuffer partial(Workers workers, boolean wanted) {
    return workers.buffer(0, Scratch.PARTIAL, wanted ? groups * size() : 0);
  }

  /** What a group sums up in, all zero. */
  CpuBuffer begin(Scratch scratch) {
    CpuBuffer sums = scratch.get(Scratch.SUMS, wides.stream().mapToInt(SimdWide::sumSize).sum());
    Arrays.fill(sums.data(), sums.offset(), sums.offset() + sums.size(), 0);
    return sums;
  }

  /** Leaves what a group's sums say of the gradients. */
  void leave(CpuBuffer sums, CpuBuffer partial, int group) {
    int from = sums.offset();
    int to = partial.offset() + group * size();
    for (SimdWide wide : wides) {
      wide.share(sums.data(), from, partial.data(), to);
      from += wide.sumSize();
      to += size(wide);
    }
  }

  /** Adds up what the groups left and hands it to the arms. */
  void gather(Workers workers, Fan fan, CpuBuffer partial) {
    float[] sums = partial.data();
    int first = partial.offset();
    int size = size();
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
          scatter(sums, at + wide.arms().starts()[i], wide.width(), arm, CpuBuffer.of(arm.dw()));
        }
      }
      at += size(wide);
    }
  }

  /** Adds the gradient {@code [kh, kw, in, width]} of wide weights to that of one arm. */
  private static void scatter(float[] sums, int at, int width, Fan.Arm arm, CpuBuffer dw) {
    int out = arm.conv().out();
    for (int row = 0; row < arm.conv().weightSize() / out; row++) {
      int from = at + row * width;
      int to = dw.offset() + row * out;
      for (int i = 0; i < out; i++) {
        dw.data()[to + i] += sums[from + i];
      }
    }
  }

  private int size() {
    return wides.stream().mapToInt(SimdShares::size).sum();
  }

  private static int size(SimdWide wide) {
    Conv conv = wide.arms().conv();
    return conv.kh() * conv.kw() * conv.in() * wide.width();
  }
}
