package org.espalier.backend.cpu;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.espalier.backend.Conv;

/** Convolution, its gradients and the matrix products: image by image, without im2col. */
final class SimdConv {
  /** More geometries than any network has; beyond it, the tables are made anew. */
  private static final int CACHED = 512;

  /** Packed weight rows are shared out in runs of about this many floats. */
  private static final int PACK_GRAIN = 8192;

  private static final int FRAMED = 0;
  private static final int UNCROPPED = 1;
  private static final int PACKED = 2;
  private static final int UPRIGHT = 3;

  private final Workers workers;
  private final Map<Conv, SimdConvPlan> forward = new HashMap<>();
  private final Map<Conv, SimdConvPlan> gradInput = new HashMap<>();
  private final Map<Conv, SimdConvWeight> gradWeight = new HashMap<>();
  private final Map<Conv, SimdDepthwise> depthwise = new HashMap<>();

  SimdConv(Workers workers) {
    this.workers = workers;
  }

  void forward(Conv conv, CpuBuffer x, CpuBuffer w, CpuBuffer y) {
    if (depthwise(conv)) {
      cached(depthwise, conv, SimdDepthwise::new).forward(workers, x, w, y);
    } else {
      forward(conv, x, w, y, false);
    }
  }

  private void forward(Conv conv, CpuBuffer x, CpuBuffer w, CpuBuffer y, boolean add) {
    run(cached(forward, conv, SimdConvPlan::forward), conv.n(), x, w, y, add);
  }

  void gradInput(Conv conv, CpuBuffer dy, CpuBuffer w, CpuBuffer dx, boolean add) {
    if (depthwise(conv)) {
      cached(depthwise, conv, SimdDepthwise::new).gradInput(workers, dy, w, dx, add);
    } else {
      run(cached(gradInput, conv, SimdConvPlan::gradInput), conv.n(), dy, w, dx, add);
    }
  }

  void gradWeight(Conv conv, CpuBuffer x, CpuBuffer dy, CpuBuffer dw) {
    if (depthwise(conv)) {
      cached(depthwise, conv, SimdDepthwise::new).gradWeight(workers, x, dy, dw);
    } else {
      cached(gradWeight, conv, SimdConvWeight::new).run(workers, x, dy, dw);
    }
  }

  /**
   * The products are convolutions by 1x1 kernels and their gradients; a row of the matrix is a
   * pixel.
   */
  void gemm(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      CpuBuffer a,
      CpuBuffer b,
      CpuBuffer c,
      boolean add) {
    if (transposeA && !transposeB) {
      if (!add) {
        Arrays.fill(c.data(), c.offset(), c.offset() + m * n, 0);
      }
      gradWeight(rows(k, m, n), a, b, c);
    } else if (transposeA) {
      float[] upright = workers.scratch(0, UPRIGHT, m * k);
      for (int i = 0; i < m * k; i++) {
        upright[i] = a.get(i % k * m + i / k);
      }
      gradInput(rows(m, n, k), new CpuBuffer(upright, 0, m * k), b, c, add);
    } else if (transposeB) {
      gradInput(rows(m, n, k), a, b, c, add);
    } else {
      forward(rows(m, k, n), a, b, c, add);
    }
  }

  /** A 1x1 convolution of {@code rows} pixels, as images of 64 where that divides them. */
  private static Conv rows(int rows, int in, int out) {
    int image = rows % 64 == 0 ? 64 : rows;
    return new Conv(rows / image, image, 1, in, out, 1, 1, 1, 0, 1, 1);
  }

  private void run(
      SimdConvPlan plan, int images, CpuBuffer source, CpuBuffer w, CpuBuffer target, boolean add) {
    float[] packed = workers.scratch(0, PACKED, plan.groups * plan.packedSize);
    for (int group = 0; group < plan.groups; group++) {
      pack(plan, group, w, packed);
    }
    workers.parallel(
        images, (image, worker) -> image(plan, image, worker, source, packed, target, add));
  }

  private void pack(SimdConvPlan plan, int group, CpuBuffer w, float[] packed) {
    for (SimdConvPlan.Part part : plan.parts) {
      int grain = Math.max(1, PACK_GRAIN / part.paddedColumns);
      int start = group * plan.packedSize;
      workers.ranges(
          part.depth(),
          grain,
          (from, to, worker) -> part.pack(group, w.data(), w.offset(), packed, start, from, to));
    }
  }

  private void image(
      SimdConvPlan plan,
      int image,
      int worker,
      CpuBuffer source,
      float[] packed,
      CpuBuffer target,
      boolean add) {
    SimdFrame frame = plan.frame;
    float[] a = source.data();
    int startA = source.offset() + image * frame.imageSize();
    if (!frame.bare()) {
      float[] framed = workers.scratch(worker, FRAMED, frame.size());
      frame.place(a, startA, framed);
      a = framed;
      startA = 0;
    }
    int startC = target.offset() + image * plan.targetSize;
    for (int group = 0; group < plan.groups; group++) {
      int fromA = startA + group * plan.groupSource;
      int fromC = startC + group * plan.groupTarget;
      for (SimdConvPlan.Part part : plan.parts) {
        int fromB = group * plan.packedSize + part.start;
        if (part.cropped()) {
          float[] c = workers.scratch(worker, UNCROPPED, plan.uncroppedSize);
          SimdRows.multiply(part.rows, a, fromA, packed, fromB, c, 0, part.paddedColumns, false);
          SimdRows.crop(
              c,
              part.paddedColumns,
              target.data(),
              fromC,
              part.target,
              part.pixels,
              part.columns,
              add);
        } else {
          SimdRows.multiply(
              part.rows, a, fromA, packed, fromB, target.data(), fromC, part.columns, add);
        }
      }
    }
  }

  /** A single channel is an ordinary convolution. */
  private static boolean depthwise(Conv conv) {
    return conv.depthwise() && conv.groups() > 1;
  }

  private static <T> T cached(Map<Conv, T> plans, Conv conv, Function<Conv, T> make) {
    if (plans.size() >= CACHED) {
      plans.clear();
    }
    return plans.computeIfAbsent(conv, make);
  }
}
