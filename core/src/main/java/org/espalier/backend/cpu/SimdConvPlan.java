package org.espalier.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.Conv;

/**
 * How a convolution, or its gradient with respect to the input, gathers: a target pixel sums over
 * kernel positions the source pixels at fixed distances. With stride s, the gradient does so in s*s
 * parts, one for each remainder of the target's coordinates, with the kernel positions that reach
 * it; no zeros are put in between.
 *
 * @param targetW pixels in a row of the target
 */
record SimdConvPlan(List<Part> parts, int targetW) {
  /** A kernel position along one axis, and the source coordinate it reads relative to q*step. */
  record Tap(int offset, int kernel) {}

  /** Along one axis: target coordinates {@code first + q*stride} for q < count. */
  record Axis(int count, int first, int stride, int step, List<Tap> taps) {
    int least() {
      return taps.stream().mapToInt(Tap::offset).min().orElse(0);
    }

    int last() {
      return (count - 1) * step + taps.stream().mapToInt(Tap::offset).max().orElse(0);
    }

    /** Whether the taps read neighbours, in order. */
    boolean contiguous() {
      return !taps.isEmpty() && taps.getLast().offset - taps.getFirst().offset == taps.size() - 1;
    }
  }

  /** Every stride-th target pixel on both axes. */
  record Part(Axis y, Axis x) {}

  static SimdConvPlan forward(Conv conv) {
    Part whole =
        new Part(forward(conv, conv.outH(), conv.kh()), forward(conv, conv.outW(), conv.kw()));
    return new SimdConvPlan(List.of(whole), conv.outW());
  }

  static SimdConvPlan gradInput(Conv conv) {
    List<Part> parts = new ArrayList<>();
    for (Axis y : gradInput(conv, conv.h(), conv.kh())) {
      for (Axis x : gradInput(conv, conv.w(), conv.kw())) {
        parts.add(new Part(y, x));
      }
    }
    return new SimdConvPlan(parts, conv.w());
  }

  /** The source {@code [h, w, c]} within the border that all parts of all plans want. */
  static SimdFrame frame(int h, int w, int c, List<SimdConvPlan> plans) {
    int top = 0;
    int left = 0;
    int bottom = h;
    int right = w;
    for (SimdConvPlan plan : plans) {
      for (Part part : plan.parts) {
        top = Math.max(top, -part.y.least());
        left = Math.max(left, -part.x.least());
        bottom = Math.max(bottom, part.y.last() + 1);
        right = Math.max(right, part.x.last() + 1);
      }
    }
    return new SimdFrame(h, w, c, top, left, top + bottom, left + right);
  }

  private static Axis forward(Conv conv, int out, int kernel) {
    List<Tap> taps = new ArrayList<>();
    for (int k = 0; k < kernel; k++) {
      taps.add(new Tap(k * conv.dilation() - conv.before(), k));
    }
    return new Axis(out, 0, 1, conv.stride(), taps);
  }

  private static List<Axis> gradInput(Conv conv, int in, int kernel) {
    List<Axis> axes = new ArrayList<>();
    int stride = conv.stride();
    for (int first = 0; first < Math.min(stride, in); first++) {
      List<Tap> taps = new ArrayList<>();
      for (int k = kernel - 1; k >= 0; k--) {
        int distance = first + conv.before() - k * conv.dilation();
        if (distance % stride == 0) {
          taps.add(new Tap(distance / stride, k));
        }
      }
      axes.add(new Axis((in - first + stride - 1) / stride, first, stride, 1, taps));
    }
    return axes;
  }
}
