package org.espalier.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Memory;
import org.espalier.backend.Mix;
import org.espalier.backend.Pool;
import org.espalier.backend.Unary;
import org.espalier.backend.Upstream;
import org.jspecify.annotations.Nullable;

/** The fast back end: Vector API kernels over all cores. The table of who computes what. */
final class SimdBackend implements Backend {
  private final Memory memory = new Memory(this);
  private final Slab slab = new Slab();
  private final Workers workers;
  private final EjmlBackend rest = new EjmlBackend();

  SimdBackend(int threads) {
    workers = new Workers(threads);
  }

  @Override
  public String name() {
    return "simd";
  }

  @Override
  public Memory memory() {
    return memory;
  }

  @Override
  public Buffer allocate(int size) {
    return slab.take(size);
  }

  @Override
  public void write(float[] source, Buffer target) {
    CpuBuffer t = CpuBuffer.of(target);
    System.arraycopy(source, 0, t.data(), t.offset(), t.size());
  }

  @Override
  public void read(Buffer source, float[] target) {
    CpuBuffer s = CpuBuffer.of(source);
    System.arraycopy(s.data(), s.offset(), target, 0, s.size());
  }

  @Override
  public void fill(Buffer y, float value) {
    SimdElementwise.fill(workers, CpuBuffer.of(y), value);
  }

  @Override
  public void axpby(float a, Buffer x, float b, Buffer y) {
    SimdElementwise.axpby(workers, a, CpuBuffer.of(x), b, CpuBuffer.of(y));
  }

  @Override
  public void multiply(Buffer a, Buffer b, Buffer y, boolean add) {
    SimdElementwise.multiply(workers, CpuBuffer.of(a), CpuBuffer.of(b), CpuBuffer.of(y), add);
  }

  @Override
  public void unary(Unary f, Buffer x, Buffer y) {
    SimdElementwise.unary(workers, f, CpuBuffer.of(x), CpuBuffer.of(y));
  }

  @Override
  public void unaryGrad(Unary f, Buffer x, Buffer dy, Buffer dx, boolean add) {
    SimdElementwise.unaryGrad(workers, f, CpuBuffer.of(x), CpuBuffer.of(dy), CpuBuffer.of(dx), add);
  }

  @Override
  public void dropout(float p, int group, long seed, long stream, Buffer x, Buffer y, boolean add) {
    SimdElementwise.dropout(workers, p, group, seed, stream, CpuBuffer.of(x), CpuBuffer.of(y), add);
  }

  @Override
  public void copyBlocks(
      int blocks,
      int length,
      Buffer src,
      int srcStart,
      int srcStride,
      Buffer dst,
      int dstStart,
      int dstStride,
      boolean add) {
    SimdElementwise.copyBlocks(
        workers,
        blocks,
        length,
        CpuBuffer.of(src),
        srcStart,
        srcStride,
        CpuBuffer.of(dst),
        dstStart,
        dstStride,
        add);
  }

  /**
   * The products are 1x1 convolutions and their gradients; a row of the matrix is a pixel. Those
   * that no operation asks for are left to the portable back end.
   */
  @Override
  public void gemm(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      Buffer a,
      Buffer b,
      Buffer c,
      boolean add) {
    if (!transposeA && !transposeB && !add) {
      conv(product(m, k, n, a, b, c, null, null));
    } else if (!transposeA && transposeB) {
      convGrad(product(m, n, k, c, b, a, a, null), c, add);
    } else if (transposeA && !transposeB) {
      if (!add) {
        fill(c, 0);
      }
      convGrad(product(k, m, n, a, c, b, b, c), null, false);
    } else {
      rest.gemm(transposeA, transposeB, m, n, k, a, b, c, add);
    }
  }

  /** y {@code [rows, out]} = x {@code [rows, in]} w, in images of 64 rows where that divides. */
  private static Fan product(
      int rows,
      int in,
      int out,
      Buffer x,
      Buffer w,
      Buffer y,
      @Nullable Buffer dy,
      @Nullable Buffer dw) {
    int image = rows % 64 == 0 ? 64 : rows;
    Conv conv = new Conv(rows / image, image, 1, in, out, 1, 1, 1, 0, 1, 1);
    Upstream upstream = dy == null ? null : new Upstream(dy, null);
    return new Fan(false, x, List.of(new Fan.Arm(conv, w, y, null, upstream, dw)));
  }

  @Override
  public void conv(Fan fan) {
    List<Fan.Arm> dense = new ArrayList<>();
    for (Fan.Arm arm : fan.arms()) {
      Conv conv = arm.conv();
      if (conv.groups() == 1) {
        dense.add(arm);
      } else if (conv.depthwise()) {
        SimdDepthwise.of(conv)
            .forward(
                workers,
                fan.relu(),
                CpuBuffer.of(fan.x()),
                CpuBuffer.of(arm.w()),
                CpuBuffer.of(arm.y()));
        if (arm.moments() != null) {
          moments(conv.outSize() / conv.out(), conv.out(), arm.y(), arm.moments());
        }
      } else {
        rest.conv(new Fan(fan.relu(), fan.x(), List.of(arm)));
      }
    }
    if (!dense.isEmpty()) {
      Fan together = new Fan(fan.relu(), fan.x(), dense);
      SimdFan.of(together).forward(workers, together);
    }
  }

  @Override
  public void convGrad(Fan fan, @Nullable Buffer dx, boolean add) {
    CpuBuffer target = dx == null ? null : CpuBuffer.of(dx);
    boolean more = add;
    List<Fan.Arm> dense = new ArrayList<>();
    for (Fan.Arm arm : fan.arms()) {
      if (arm.conv().groups() == 1) {
        dense.add(arm);
        continue;
      }
      if (arm.conv().depthwise()) {
        SimdDepthwise.of(arm.conv()).backward(workers, fan, arm, target, more);
      } else {
        rest.convGrad(new Fan(fan.relu(), fan.x(), List.of(arm)), dx, more);
      }
      more = true;
    }
    if (!dense.isEmpty()) {
      Fan together = new Fan(fan.relu(), fan.x(), dense);
      SimdFan.of(together).backward(workers, together, target, more);
    }
  }

  @Override
  public void pool(Pool pool, Buffer x, Buffer y) {
    SimdPool.forward(workers, pool, CpuBuffer.of(x), CpuBuffer.of(y));
  }

  @Override
  public void poolGrad(Pool pool, Buffer x, Buffer dy, Buffer dx, boolean add) {
    SimdPool.backward(workers, pool, CpuBuffer.of(x), CpuBuffer.of(dy), CpuBuffer.of(dx), add);
  }

  @Override
  public void meanPixels(int n, int pixels, int c, Buffer x, Buffer y) {
    SimdReductions.meanPixels(workers, n, pixels, c, CpuBuffer.of(x), CpuBuffer.of(y));
  }

  @Override
  public void meanPixelsGrad(int n, int pixels, int c, Buffer dy, Buffer dx, boolean add) {
    SimdReductions.meanPixelsGrad(workers, n, pixels, c, CpuBuffer.of(dy), CpuBuffer.of(dx), add);
  }

  @Override
  public void sumRows(int rows, int cols, Buffer x, Buffer y, boolean add) {
    SimdReductions.sumRows(workers, rows, cols, CpuBuffer.of(x), CpuBuffer.of(y), add);
  }

  @Override
  public void addRow(int rows, int cols, Buffer x, Buffer row, Buffer y) {
    SimdReductions.addRow(workers, rows, cols, CpuBuffer.of(x), CpuBuffer.of(row), CpuBuffer.of(y));
  }

  @Override
  public void moments(int rows, int c, Buffer x, Buffer moments) {
    SimdNorm.moments(workers, rows, c, CpuBuffer.of(x), CpuBuffer.of(moments));
  }

  @Override
  public void normalize(
      int rows,
      int c,
      Buffer x,
      Buffer moments,
      float eps,
      @Nullable Buffer gamma,
      @Nullable Buffer beta,
      Buffer y) {
    SimdNorm.normalize(
        workers,
        rows,
        c,
        CpuBuffer.of(x),
        CpuBuffer.of(moments),
        eps,
        gamma == null ? null : CpuBuffer.of(gamma),
        beta == null ? null : CpuBuffer.of(beta),
        CpuBuffer.of(y));
  }

  @Override
  public void normalizeGrad(
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
    SimdNorm.normalizeGrad(
        workers,
        rows,
        c,
        CpuBuffer.of(x),
        CpuBuffer.of(moments),
        eps,
        batch,
        gamma == null ? null : CpuBuffer.of(gamma),
        CpuBuffer.of(dy),
        CpuBuffer.of(coefficients),
        dgamma == null ? null : CpuBuffer.of(dgamma),
        dbeta == null ? null : CpuBuffer.of(dbeta));
  }

  @Override
  public void gradient(int rows, int c, Upstream upstream, Buffer x, Buffer dx, boolean add) {
    SimdNorm.gradient(workers, rows, c, upstream, CpuBuffer.of(x), CpuBuffer.of(dx), add);
  }

  @Override
  public void mixedSum(Mix mix, Buffer weights, Buffer y) {
    SimdMix.sum(workers, mix, CpuBuffer.of(weights), CpuBuffer.of(y));
  }

  @Override
  public void mixedSumGrad(Mix mix, Buffer weights, Buffer dy, @Nullable Buffer dWeights) {
    SimdMix.grad(
        workers,
        mix,
        CpuBuffer.of(weights),
        CpuBuffer.of(dy),
        dWeights == null ? null : CpuBuffer.of(dWeights));
  }

  @Override
  public void softmax(int rows, int cols, Buffer x, Buffer y) {
    rest.softmax(rows, cols, x, y);
  }

  @Override
  public void softmaxGrad(int rows, int cols, Buffer y, Buffer dy, Buffer dx, boolean add) {
    rest.softmaxGrad(rows, cols, y, dy, dx, add);
  }

  @Override
  public void crossEntropy(
      int rows,
      int classes,
      float smoothing,
      Buffer logits,
      Buffer labels,
      Buffer probabilities,
      Buffer loss) {
    rest.crossEntropy(rows, classes, smoothing, logits, labels, probabilities, loss);
  }

  @Override
  public void crossEntropyGrad(
      int rows,
      int classes,
      float smoothing,
      Buffer probabilities,
      Buffer labels,
      Buffer dloss,
      Buffer dlogits,
      boolean add) {
    rest.crossEntropyGrad(rows, classes, smoothing, probabilities, labels, dloss, dlogits, add);
  }

  @Override
  public void norm(Buffer x, Buffer norm) {
    SimdSweeps.norm(workers, CpuBuffer.of(x), CpuBuffer.of(norm));
  }

  @Override
  public void clip(Buffer x, Buffer norm, float max) {
    SimdSweeps.clip(workers, CpuBuffer.of(x), CpuBuffer.of(norm), max);
  }

  @Override
  public void sgd(
      Buffer w, Buffer g, Buffer v, float rate, float momentum, float decay, boolean nesterov) {
    SimdSweeps.sgd(
        workers,
        CpuBuffer.of(w),
        CpuBuffer.of(g),
        CpuBuffer.of(v),
        rate,
        momentum,
        decay,
        nesterov);
  }

  @Override
  public void adam(
      Buffer w,
      Buffer g,
      Buffer m,
      Buffer v,
      float rate,
      float beta1,
      float beta2,
      float eps,
      float decay,
      int step) {
    SimdSweeps.adam(
        workers,
        CpuBuffer.of(w),
        CpuBuffer.of(g),
        CpuBuffer.of(m),
        CpuBuffer.of(v),
        rate,
        beta1,
        beta2,
        eps,
        decay,
        step);
  }

  @Override
  public void close() {
    workers.close();
  }
}
