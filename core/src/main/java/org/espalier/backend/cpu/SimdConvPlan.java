package org.espalier.backend.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.espalier.backend.Conv;

/**
 * The tables by which a convolution, or its gradient with respect to the input, becomes sums of
 * products over one framed image. Both gather: a target pixel sums over kernel positions the source
 * pixels at fixed distances. With stride s, the gradient does so in s*s parts, one for each
 * remainder of the target's coordinates, with the kernel positions that reach it; no zeros are put
 * in between.
 */
final class SimdConvPlan {
  final SimdFrame frame;
  final List<Part> parts = new ArrayList<>();
  final int groups;
  final int groupSource;
  final int groupTarget;
  final int targetSize;

  /** Floats of the packed weight of one group. */
  final int packedSize;

  /** Floats of the largest result that has to be cropped. */
  final int uncroppedSize;

  private final Conv conv;
  private final boolean forward;

  /**
   * A kernel position along one axis, and the source coordinate it reads relative to {@code
   * q*step}.
   */
  private record Tap(int offset, int kernel) {}

  /** Target coordinates {@code first + q*stride} for q < count. */
  private record Axis(int count, int first, int stride, int step, List<Tap> taps) {
    int least() {
      return taps.stream().mapToInt(Tap::offset).min().orElse(0);
    }

    int last() {
      return (count - 1) * step + taps.stream().mapToInt(Tap::offset).max().orElse(0);
    }
  }

  static SimdConvPlan forward(Conv conv) {
    return new SimdConvPlan(
        conv,
        true,
        List.of(forward(conv, conv.outH(), conv.kh())),
        List.of(forward(conv, conv.outW(), conv.kw())));
  }

  static SimdConvPlan gradInput(Conv conv) {
    return new SimdConvPlan(
        conv, false, gradInput(conv, conv.h(), conv.kh()), gradInput(conv, conv.w(), conv.kw()));
  }

  private static Axis forward(Conv conv, int out, int kernel) {
    List<Tap> taps = new ArrayList<>();
    for (int k = 0; k < kernel; k++) {
      taps.add(new Tap(k * conv.dilation() - conv.pad(), k));
    }
    return new Axis(out, 0, 1, conv.stride(), taps);
  }

  private static List<Axis> gradInput(Conv conv, int in, int kernel) {
    List<Axis> axes = new ArrayList<>();
    int stride = conv.stride();
    for (int first = 0; first < Math.min(stride, in); first++) {
      List<Tap> taps = new ArrayList<>();
      for (int k = kernel - 1; k >= 0; k--) {
        int distance = first + conv.pad() - k * conv.dilation();
        if (distance % stride == 0) {
          taps.add(new Tap(distance / stride, k));
        }
      }
      axes.add(new Axis((in - first + stride - 1) / stride, first, stride, 1, taps));
    }
    return axes;
  }

  private SimdConvPlan(Conv conv, boolean forward, List<Axis> ys, List<Axis> xs) {
    this.conv = conv;
    this.forward = forward;
    groups = conv.groups();
    groupSource = forward ? conv.groupIn() : conv.groupOut();
    groupTarget = forward ? conv.groupOut() : conv.groupIn();
    int h = forward ? conv.h() : conv.outH();
    int w = forward ? conv.w() : conv.outW();
    int targetH = forward ? conv.outH() : conv.h();
    int targetW = forward ? conv.outW() : conv.w();
    targetSize = targetH * targetW * groups * groupTarget;
    int top = -Math.min(0, ys.stream().mapToInt(Axis::least).min().orElse(0));
    int left = -Math.min(0, xs.stream().mapToInt(Axis::least).min().orElse(0));
    int bottom = Math.max(0, ys.stream().mapToInt(Axis::last).max().orElse(0) + 1 - h);
    int right = Math.max(0, xs.stream().mapToInt(Axis::last).max().orElse(0) + 1 - w);
    frame =
        new SimdFrame(h, w, groups * groupSource, top, left, top + h + bottom, left + w + right);
    int start = 0;
    for (Axis y : ys) {
      for (Axis x : xs) {
        Part part = new Part(y, x, targetW, start);
        parts.add(part);
        start += part.packedSize();
      }
    }
    packedSize = start;
    uncroppedSize =
        parts.stream().mapToInt(p -> p.cropped() ? p.pixels * p.paddedColumns : 0).max().orElse(0);
  }

  /** Sums of products that yield every stride-th pixel on both axes. */
  final class Part {
    final SimdRows.Table rows;

    /**
     * Rows that count: target pixels, or several of them abreast; the table's others repeat the
     * last.
     */
    final int pixels;

    /** Where each row goes in the target. */
    final int[] target;

    /**
     * Pixels side by side that make one row: several where channels are too few to fill a vector.
     */
    final int abreast;

    final int columns;
    final int paddedColumns;

    /** Pixels in a row that lie side by side in the source and in the target. */
    final int run;

    /** Where the packed weight starts in its group's. */
    final int start;

    /** Where each run of a packed row comes from in the weight; -1 for zeros. */
    final int[] weights;

    private Part(Axis y, Axis x, int targetW, int start) {
      this.start = start;
      run = x.step == 1 && x.stride == 1 ? x.count : 1;
      abreast = abreast(x);
      columns = abreast * groupTarget;
      paddedColumns = SimdRows.padded(columns);
      int[] positions = positions(x, abreast);
      // A framed row is one run of columns and channels: neighbouring positions are one long dot
      // product.
      boolean joined = groups == 1 && isRun(positions);
      int[] taps = new int[y.taps.size() * (joined ? 1 : positions.length)];
      int k = (joined ? positions.length : 1) * groupSource;
      weights = new int[y.taps.size() * positions.length * groupSource * abreast];
      int tap = 0;
      int weight = 0;
      for (Tap ty : y.taps) {
        for (int i = 0; i < positions.length; i++) {
          if (!joined || i == 0) {
            taps[tap++] =
                (ty.offset + frame.top()) * frame.rowSize()
                    + (positions[i] + frame.left()) * frame.c();
          }
          for (int channel = 0; channel < groupSource; channel++) {
            for (int pixel = 0; pixel < abreast; pixel++) {
              weights[weight++] =
                  weightStart(ty.kernel, kernelAt(x, positions[i] - pixel * x.step), channel);
            }
          }
        }
      }
      int perRow = x.count / abreast;
      pixels = y.count * perRow;
      int padded = (pixels + SimdRows.ROWS - 1) / SimdRows.ROWS * SimdRows.ROWS;
      int[] a = new int[padded];
      target = new int[padded];
      for (int r = 0; r < padded; r++) {
        int qy = Math.min(r, pixels - 1) / perRow;
        int qx = Math.min(r, pixels - 1) % perRow * abreast;
        a[r] = qy * y.step * frame.rowSize() + qx * x.step * frame.c();
        target[r] =
            ((y.first + qy * y.stride) * targetW + x.first + qx * x.stride) * groups * groupTarget;
      }
      rows = new SimdRows.Table(a, cropped() ? lines(padded) : target, taps, k);
    }

    /** Whether rows end within a vector, so that the result must be computed aside. */
    boolean cropped() {
      return columns != paddedColumns;
    }

    int depth() {
      return rows.depth();
    }

    int packedSize() {
      return depth() * paddedColumns;
    }

    private int[] lines(int count) {
      int[] lines = new int[count];
      for (int r = 0; r < count; r++) {
        lines[r] = Math.min(r, pixels - 1) * paddedColumns;
      }
      return lines;
    }

    /**
     * Computing two pixels of 8 channels in one vector of 16 takes the kernel positions of both,
     * four rather than three for a 3x3 kernel, but half as many products for each: where that is
     * less, do so.
     */
    private int abreast(Axis x) {
      int fit = SimdRows.LANES / groupTarget;
      boolean possible =
          groups == 1
              && fit > 1
              && fit * groupTarget == SimdRows.LANES
              && x.stride == 1
              && x.count % fit == 0;
      return possible && positions(x, fit).length < fit * x.taps.size() ? fit : 1;
    }

    private static int[] positions(Axis x, int abreast) {
      TreeSet<Integer> positions = new TreeSet<>();
      for (Tap tap : x.taps) {
        for (int pixel = 0; pixel < abreast; pixel++) {
          positions.add(tap.offset + pixel * x.step);
        }
      }
      return positions.stream().mapToInt(Integer::intValue).toArray();
    }

    private static boolean isRun(int[] positions) {
      return positions.length > 0
          && positions[positions.length - 1] - positions[0] == positions.length - 1;
    }

    private static int kernelAt(Axis x, int offset) {
      return x.taps.stream()
          .filter(tap -> tap.offset == offset)
          .mapToInt(Tap::kernel)
          .findFirst()
          .orElse(-1);
    }

    private int weightStart(int ky, int kx, int channel) {
      int position = (ky * conv.kw() + kx) * conv.groupIn();
      return kx < 0
          ? -1
          : forward ? (position + channel) * conv.out() : position * conv.out() + channel;
    }

    /**
     * Packs rows {@code from} to before {@code to} of the weight as {@link SimdRows#multiply} wants
     * it.
     */
    void pack(int group, float[] w, int startW, float[] packed, int startPacked, int from, int to) {
      int stride = forward ? 1 : conv.out();
      int groupW = startW + group * conv.groupOut();
      for (int row = from; row < to; row++) {
        for (int column = 0, width; column < paddedColumns; column += width) {
          width = SimdRows.panel(paddedColumns - column);
          int at = startPacked + start + column * depth() + row * width;
          Arrays.fill(packed, at, at + width, 0);
          for (int pixel = 0; pixel < abreast; pixel++) {
            int weight = weights[row * abreast + pixel];
            int first = Math.max(column, pixel * groupTarget);
            int end = Math.min(column + width, (pixel + 1) * groupTarget);
            for (int i = first; weight >= 0 && i < end; i++) {
              packed[at + i - column] = w[groupW + weight + (i - pixel * groupTarget) * stride];
            }
          }
        }
      }
    }
  }
}
