package org.espalier.backend.cpu;

import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Memory;
import org.espalier.backend.Mix;
import org.espalier.backend.Pool;
import org.espalier.backend.Unary;
import org.jspecify.annotations.Nullable;

/** The fast back end: Vector API kernels over all cores. The table of who computes what. */
final class SimdBackend implements Backend {
  private final Memory memory = new Memory(this);
  private final Workers workers;
  private final EjmlBackend rest = new EjmlBackend();
  private final SimdConv convolution;

  SimdBackend(int threads) {
    workers = new Workers(threads);
    convolution = new SimdConv(workers);
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
    rest.fill(y, value);
  }

  @Override
  public void axpby(float a, Buffer x, float b, Buffer y) {
    rest.axpby(a, x, b, y);
  }

  @Override
  public void multiply(Buffer a, Buffer b, Buffer y, boolean add) {
    rest.multiply(a, b, y, add);
  }

  @Override
  public void unary(Unary f, Buffer x, Buffer y) {
    rest.unary(f, x, y);
  }

  @Override
  public void unaryGrad(Unary f, Buffer x, Buffer dy, Buffer dx, boolean add) {
    rest.unaryGrad(f, x, dy, dx, add);
  }

  @Override
  public void dropout(float p, int group, long seed, long stream, Buffer x, Buffer y, boolean add) {
    rest.dropout(p, group, seed, stream, x, y, add);
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
    rest.copyBlocks(blocks, length, src, srcStart, srcStride, dst, dstStart, dstStride, add);
  }

  @Override
  public void gemm(
      boolean transposeA, boolean transposeB, int m, int n, int k, Buffer a, Buffer b, Buffer c, boolean add) {
    convolution.gemm(
        transposeA, transposeB, m, n, k, CpuBuffer.of(a), CpuBuffer.of(b), CpuBuffer.of(c), add);
  }

  @Override
  public void conv(Conv conv, Buffer x, Buffer w, Buffer y) {
    convolution.forward(conv, CpuBuffer.of(x), CpuBuffer.of(w), CpuBuffer.of(y));
  }

  @Override
  public void convGradInput(Conv conv, Buffer dy, Buffer w, Buffer dx, boolean add) {
    convolution.gradInput(conv, CpuBuffer.of(dy), CpuBuffer.of(w), CpuBuffer.of(dx), add);
  }

  @Override
  public void convGradWeight(Conv conv, Buffer x, Buffer dy, Buffer dw) {
    convolution.gradWeight(conv, CpuBuffer.of(x), CpuBuffer.of(dy), CpuBuffer.of(dw));
  }

  @Override
  public void pool(Pool pool, Buffer x, Buffer y) {
    rest.pool(pool, x, y);
  }

  @Override
  public void poolGrad(Pool pool, Buffer x, Buffer dy, Buffer dx, boolean add) {
    rest.poolGrad(pool, x, dy, dx, add);
  }

  @Override
  public void meanPixels(int n, int pixels, int c, Buffer x, Buffer y) {
    rest.meanPixels(n, pixels, c, x, y);
  }

  @Override
  public void meanPixelsGrad(int n, int pixels, int c, Buffer dy, Buffer dx, boolean add) {
    rest.meanPixelsGrad(n, pixels, c, dy, dx, add);
  }

  @Override
  public void sumRows(int rows, int cols, Buffer x, Buffer y, boolean add) {
    rest.sumRows(rows, cols, x, y, add);
  }

  @Override
  public void addRow(int rows, int cols, Buffer x, Buffer row, Buffer y) {
    rest.addRow(rows, cols, x, row, y);
  }

  @Override
  public void moments(int rows, int c, Buffer x, Buffer moments) {
    rest.moments(rows, c, x, moments);
  }

  @Override
  public void normalize(
      int rows, int c, Buffer x, Buffer moments, float eps, @Nullable Buffer gamma, @Nullable Buffer beta, Buffer y) {
    rest.normalize(rows, c, x, moments, eps, gamma, beta, y);
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
      @Nullable Buffer dx,
      boolean add,
      @Nullable Buffer dgamma,
      @Nullable Buffer dbeta) {
    rest.normalizeGrad(rows, c, x, moments, eps, batch, gamma, dy, dx, add, dgamma, dbeta);
  }

  @Override
  public void mixedSum(Mix mix, Buffer weights, Buffer y) {
    rest.mixedSum(mix, weights, y);
  }

  @Override
  public void mixedSumGrad(Mix mix, Buffer weights, Buffer dy, @Nullable Buffer dWeights) {
    rest.mixedSumGrad(mix, weights, dy, dWeights);
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
      int rows, int classes, float smoothing, Buffer logits, Buffer labels, Buffer probabilities, Buffer loss) {
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
    rest.norm(x, norm);
  }

  @Override
  public void clip(Buffer x, Buffer norm, float max) {
    rest.clip(x, norm, max);
  }

  @Override
  public void sgd(Buffer w, Buffer g, Buffer v, float rate, float momentum, float decay, boolean nesterov) {
    rest.sgd(w, g, v, rate, momentum, decay, nesterov);
  }

  @Override
  public void adam(
      Buffer w, Buffer g, Buffer m, Buffer v, float rate, float beta1, float beta2, float eps, float decay, int step) {
    rest.adam(w, g, m, v, rate, beta1, beta2, eps, decay, step);
  }

  @Override
  public void close() {
    workers.close();
  }
}
