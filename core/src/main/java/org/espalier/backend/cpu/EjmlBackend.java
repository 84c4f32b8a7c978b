package org.espalier.backend.cpu;

import org.ejml.data.FMatrixRMaj;
import org.ejml.dense.row.CommonOps_FDRM;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Fan;
import org.espalier.backend.Memory;
import org.espalier.backend.Mix;
import org.espalier.backend.Pool;
import org.espalier.backend.Unary;
import org.espalier.backend.Upstream;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;

/**
 * The portable back end: one thread, plain loops, EJML's products, sums in double precision. It
 * says what every kernel means; the others are held against it.
 */
public final class EjmlBackend implements Backend {
  private final Memory memory = new Memory(this);

  @Override
  public String name() {
    return "ejml";
  }

  @Override
  public Memory memory() {
    return memory;
  }

  @Override
  public Buffer allocate(int size) {
    return new CpuBuffer(new float[size], 0, size);
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
    CpuBuffer t = CpuBuffer.of(y);
    java.util.Arrays.fill(t.data(), t.offset(), t.offset() + t.size(), value);
  }

  @Override
  public void axpby(float a, Buffer x, float b, Buffer y) {
    CpuBuffer source = CpuBuffer.of(x);
    CpuBuffer target = CpuBuffer.of(y);
    for (int i = 0; i < target.size(); i++) {
      target.set(i, b == 0 ? a * source.get(i) : a * source.get(i) + b * target.get(i));
    }
  }

  @Override
  public void multiply(Buffer a, Buffer b, Buffer y, boolean add) {
    CpuBuffer left = CpuBuffer.of(a);
    CpuBuffer right = CpuBuffer.of(b);
    CpuBuffer target = CpuBuffer.of(y);
    for (int i = 0; i < target.size(); i++) {
      target.put(i, left.get(i) * right.get(i), add);
    }
  }

  @Override
  public void unary(Unary f, Buffer x, Buffer y) {
    CpuBuffer source = CpuBuffer.of(x);
    CpuBuffer target = CpuBuffer.of(y);
    for (int i = 0; i < target.size(); i++) {
      float v = source.get(i);
      target.set(
          i,
          switch (f) {
            case RELU -> Math.max(v, 0);
            case ELU -> v > 0 ? v : (float) Math.expm1(v);
            case SIGMOID -> (float) (1 / (1 + Math.exp(-v)));
            case TANH -> (float) Math.tanh(v);
          });
    }
  }

  @Override
  public void unaryGrad(Unary f, Buffer x, Buffer dy, Buffer dx, boolean add) {
    CpuBuffer source = CpuBuffer.of(x);
    CpuBuffer upstream = CpuBuffer.of(dy);
    CpuBuffer target = CpuBuffer.of(dx);
    for (int i = 0; i < target.size(); i++) {
      float v = source.get(i);
      float slope =
          switch (f) {
            case RELU -> v > 0 ? 1 : 0;
            case ELU -> v > 0 ? 1 : (float) Math.exp(v);
            case SIGMOID -> {
              double y = 1 / (1 + Math.exp(-v));
              yield (float) (y * (1 - y));
            }
            case TANH -> {
              double y = Math.tanh(v);
              yield (float) (1 - y * y);
            }
          };
      target.put(i, slope * upstream.get(i), add);
    }
  }

  @Override
  public void dropout(float p, int group, long seed, long stream, Buffer x, Buffer y, boolean add) {
    CpuBuffer source = CpuBuffer.of(x);
    CpuBuffer target = CpuBuffer.of(y);
    Rng rng = new Rng(seed, stream);
    for (int i = 0, g = 0; i < target.size(); g++) {
      float scale = rng.uniform(g) < p ? 0 : 1 / (1 - p);
      for (long end = Math.min(target.size(), (g + 1L) * group); i < end; i++) {
        target.put(i, scale == 0 ? 0 : scale * source.get(i), add);
      }
    }
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
    CpuBuffer source = CpuBuffer.of(src);
    CpuBuffer target = CpuBuffer.of(dst);
    for (int b = 0; b < blocks; b++) {
      for (int i = 0; i < length; i++) {
        target.put(dstStart + b * dstStride + i, source.get(srcStart + b * srcStride + i), add);
      }
    }
  }

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
    FMatrixRMaj left = matrix(transposeA ? k : m, transposeA ? m : k, a);
    FMatrixRMaj right = matrix(transposeB ? n : k, transposeB ? k : n, b);
    FMatrixRMaj product = new FMatrixRMaj(m, n);
    if (transposeA && transposeB) {
      CommonOps_FDRM.multTransAB(left, right, product);
    } else if (transposeA) {
      CommonOps_FDRM.multTransA(left, right, product);
    } else if (transposeB) {
      CommonOps_FDRM.multTransB(left, right, product);
    } else {
      CommonOps_FDRM.mult(left, right, product);
    }
    axpby(1, new CpuBuffer(product.data, 0, m * n), add ? 1 : 0, c);
  }

  private static FMatrixRMaj matrix(int rows, int cols, Buffer buffer) {
    CpuBuffer source = CpuBuffer.of(buffer);
    FMatrixRMaj matrix = new FMatrixRMaj(rows, cols);
    System.arraycopy(source.data(), source.offset(), matrix.data, 0, rows * cols);
    return matrix;
  }

  @Override
  public void conv(Fan fan) {
    EjmlConv.forward(this, fan);
  }

  @Override
  public void convGrad(Fan fan, @Nullable Buffer dx, boolean add) {
    EjmlConv.backward(this, fan, dx, add);
  }

  @Override
  public void pool(Pool pool, Buffer x, Buffer y) {
    PoolLoops.forward(pool, CpuBuffer.of(x), CpuBuffer.of(y));
  }

  @Override
  public void poolGrad(Pool pool, Buffer x, Buffer dy, Buffer dx, boolean add) {
    if (!add) {
      fill(dx, 0);
    }
    PoolLoops.backward(pool, CpuBuffer.of(x), CpuBuffer.of(dy), CpuBuffer.of(dx));
  }

  @Override
  public void meanPixels(int n, int pixels, int c, Buffer x, Buffer y) {
    for (int i = 0; i < n; i++) {
      Buffer row = y.slice(i * c, c);
      sumRows(pixels, c, x.slice(i * pixels * c, pixels * c), row, false);
      axpby(0, row, 1f / pixels, row);
    }
  }

  @Override
  public void meanPixelsGrad(int n, int pixels, int c, Buffer dy, Buffer dx, boolean add) {
    for (int i = 0; i < n * pixels; i++) {
      axpby(1f / pixels, dy.slice(i / pixels * c, c), add ? 1 : 0, dx.slice(i * c, c));
    }
  }

  @Override
  public void sumRows(int rows, int cols, Buffer x, Buffer y, boolean add) {
    CpuBuffer source = CpuBuffer.of(x);
    CpuBuffer target = CpuBuffer.of(y);
    for (int c = 0; c < cols; c++) {
      double sum = 0;
      for (int r = 0; r < rows; r++) {
        sum += source.get(r * cols + c);
      }
      target.put(c, (float) sum, add);
    }
  }

  @Override
  public void addRow(int rows, int cols, Buffer x, Buffer row, Buffer y) {
    CpuBuffer source = CpuBuffer.of(x);
    CpuBuffer addend = CpuBuffer.of(row);
    CpuBuffer target = CpuBuffer.of(y);
    for (int i = 0; i < rows * cols; i++) {
      target.set(i, source.get(i) + addend.get(i % cols));
    }
  }

  @Override
  public void moments(int rows, int c, Buffer x, Buffer moments) {
    NormLoops.moments(rows, c, CpuBuffer.of(x), CpuBuffer.of(moments));
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
    NormLoops.normalize(rows, c, x, moments, eps, gamma, beta, y);
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
    NormLoops.normalizeGrad(
        rows, c, x, moments, eps, batch, gamma, dy, coefficients, dgamma, dbeta);
  }

  @Override
  public void gradient(int rows, int c, Upstream upstream, Buffer x, Buffer dx, boolean add) {
    NormLoops.gradient(rows, c, upstream, x, dx, add);
  }

  @Override
  public void mixedSum(Mix mix, Buffer weights, Buffer y) {
    MixLoops.forward(this, mix, CpuBuffer.of(weights), y);
  }

  @Override
  public void mixedSumGrad(Mix mix, Buffer weights, Buffer dy, @Nullable Buffer dWeights) {
    MixLoops.backward(mix, CpuBuffer.of(weights), CpuBuffer.of(dy), dWeights);
  }

  @Override
  public void softmax(int rows, int cols, Buffer x, Buffer y) {
    ProbabilityLoops.softmax(rows, cols, CpuBuffer.of(x), CpuBuffer.of(y));
  }

  @Override
  public void softmaxGrad(int rows, int cols, Buffer y, Buffer dy, Buffer dx, boolean add) {
    ProbabilityLoops.softmaxGrad(
        rows, cols, CpuBuffer.of(y), CpuBuffer.of(dy), CpuBuffer.of(dx), add);
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
    softmax(rows, classes, logits, probabilities);
    ProbabilityLoops.crossEntropy(
        rows, classes, smoothing, CpuBuffer.of(logits), CpuBuffer.of(labels), CpuBuffer.of(loss));
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
    ProbabilityLoops.crossEntropyGrad(
        rows,
        classes,
        smoothing,
        CpuBuffer.of(probabilities),
        CpuBuffer.of(labels),
        CpuBuffer.of(dloss).get(0),
        CpuBuffer.of(dlogits),
        add);
  }

  @Override
  public void norm(Buffer x, Buffer norm) {
    CpuBuffer source = CpuBuffer.of(x);
    double sum = 0;
    for (int i = 0; i < source.size(); i++) {
      sum += (double) source.get(i) * source.get(i);
    }
    CpuBuffer.of(norm).set(0, (float) Math.sqrt(sum));
  }

  @Override
  public void clip(Buffer x, Buffer norm, float max) {
    float scale = max / (CpuBuffer.of(norm).get(0) + 1e-6f);
    if (scale < 1) {
      axpby(scale, x, 0, x);
    }
  }

  @Override
  public void sgd(
      Buffer w, Buffer g, Buffer v, float rate, float momentum, float decay, boolean nesterov) {
    CpuBuffer weight = CpuBuffer.of(w);
    CpuBuffer gradient = CpuBuffer.of(g);
    CpuBuffer velocity = CpuBuffer.of(v);
    for (int i = 0; i < weight.size(); i++) {
      float d = gradient.get(i) + decay * weight.get(i);
      float next = momentum * velocity.get(i) + d;
      velocity.set(i, next);
      weight.set(i, weight.get(i) - rate * (nesterov ? d + momentum * next : next));
    }
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
    CpuBuffer weight = CpuBuffer.of(w);
    CpuBuffer gradient = CpuBuffer.of(g);
    CpuBuffer first = CpuBuffer.of(m);
    CpuBuffer second = CpuBuffer.of(v);
    double correction1 = 1 - Math.pow(beta1, step);
    double correction2 = Math.sqrt(1 - Math.pow(beta2, step));
    for (int i = 0; i < weight.size(); i++) {
      double d = gradient.get(i) + decay * weight.get(i);
      double mean = beta1 * first.get(i) + (1 - beta1) * d;
      double square = beta2 * second.get(i) + (1 - beta2) * d * d;
      first.set(i, (float) mean);
      second.set(i, (float) square);
      double update = rate / correction1 * mean / (Math.sqrt(square) / correction2 + eps);
      weight.set(i, (float) (weight.get(i) - update));
    }
  }
}
