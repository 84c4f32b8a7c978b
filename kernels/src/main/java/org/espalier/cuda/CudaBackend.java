package org.espalier.cuda;

import org.espalier.InputException;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.DeviceException;
import org.espalier.backend.Fan;
import org.espalier.backend.Gallery;
import org.espalier.backend.Memory;
import org.espalier.backend.Mix;
import org.espalier.backend.Pool;
import org.espalier.backend.Unary;
import org.espalier.backend.Upstream;
import org.jspecify.annotations.Nullable;

/**
 * The back end that computes on a GPU, with kernels of our own, and where the options say so with
 * NVIDIA's libraries. Every primitive is one to three launches, whose grids follow from the shapes
 * alone; sums go in two stages and a fixed order, so that the same call gives the same bits.
 * Nothing is read back and nothing waits, but {@link #read}.
 */
final class CudaBackend implements Backend {
  /** What is asked of the driver at once, beyond what was planned. */
  private static final long CHUNK = 64L << 20;

  private final Device device;
  private final CudaOptions options;
  private final Memory memory = new Memory(this, Memory.SPARE_BYTES);
  private final Scratch scratch;
  private final Elementwise elementwise;
  private final Reductions reductions;
  private final Norms norms;
  private final Mixes mixes;
  private final Pools pools;
  private final Probabilities probabilities;
  private final Optimisers optimisers;
  private final Fans fans;

  CudaBackend(Device device, CudaOptions options) {
    this.device = device;
    this.options = options;
    scratch = new Scratch(device);
    elementwise = new Elementwise(device);
    reductions = new Reductions(device, scratch);
    norms = new Norms(device, scratch);
    mixes = new Mixes(device, scratch, elementwise);
    pools = new Pools(device);
    probabilities = new Probabilities(device, scratch, reductions);
    optimisers = new Optimisers(device);
    fans = new Fans(device, scratch, elementwise, norms, options);
  }

  /**
   * Opens the GPU of that number.
   *
   * @throws DeviceException if there is none, or its driver or a library refuses
   * @throws InputException if it, or this machine, has not what the options want
   */
  static CudaBackend open(int number, CudaOptions options) {
    Device device = Device.open(number, CHUNK);
    try {
      options.require(device);
      return new CudaBackend(device, options);
    } catch (InputException | DeviceException e) {
      device.close();
      throw e;
    }
  }

  @Override
  public String name() {
    return options.text();
  }

  @Override
  public Memory memory() {
    return memory;
  }

  @Override
  public Buffer allocate(int size) {
    CudaBuffer buffer = device.allocate(size);
    device.fill(buffer, 0);
    return buffer;
  }

  @Override
  public void reserve(long bytes) {
    device.reserve(bytes);
  }

  @Override
  public void beginPass() {
    memory.settle();
    scratch.rewind();
  }

  @Override
  public Counters counters() {
    Queue queue = device.queue();
    return new Counters(queue.calls(), queue.replayed(), device.arena().peak());
  }

  @Override
  public Buffer allocateScratch(int size) {
    return device.allocate(size);
  }

  @Override
  public void write(float[] source, Buffer target) {
    device.write(source, CudaBuffer.of(target));
  }

  @Override
  public void read(Buffer source, float[] target) {
    device.read(CudaBuffer.of(source), target);
  }

  @Override
  public Gallery gallery(byte[][] images, int height, int width, float[][] table) {
    return new CudaGallery(device, images, height, width, table);
  }

  @Override
  public void fill(Buffer y, float value) {
    elementwise.fill(y, value);
  }

  @Override
  public void axpby(float a, Buffer x, float b, Buffer y) {
    elementwise.axpby(a, x, b, y);
  }

  @Override
  public void multiply(Buffer a, Buffer b, Buffer y, boolean add) {
    elementwise.multiply(a, b, y, add);
  }

  @Override
  public void unary(Unary f, Buffer x, Buffer y) {
    elementwise.unary(f, x, y);
  }

  @Override
  public void unaryGrad(Unary f, Buffer x, Buffer dy, Buffer dx, boolean add) {
    elementwise.unaryGrad(f, x, dy, dx, add);
  }

  @Override
  public void dropout(float p, int group, long seed, long stream, Buffer x, Buffer y, boolean add) {
    elementwise.dropout(p, group, seed, stream, x, y, add);
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
    elementwise.copyBlocks(blocks, length, src, srcStart, srcStride, dst, dstStart, dstStride, add);
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
    fans.gemm(transposeA, transposeB, m, n, k, a, b, c, add);
  }

  @Override
  public void conv(Fan fan) {
    fans.forward(fan);
  }

  @Override
  public void convGrad(Fan fan, @Nullable Buffer dx, boolean add) {
    fans.backward(fan, dx, add);
  }

  @Override
  public void pool(Pool pool, Buffer x, Buffer y) {
    pools.forward(pool, x, y);
  }

  @Override
  public void poolGrad(Pool pool, Buffer x, Buffer dy, Buffer dx, boolean add) {
    pools.backward(pool, x, dy, dx, add);
  }

  @Override
  public void meanPixels(int n, int pixels, int c, Buffer x, Buffer y) {
    reductions.joinRows(n, pixels, c, 1f / pixels, x, y, false);
  }

  @Override
  public void meanPixelsGrad(int n, int pixels, int c, Buffer dy, Buffer dx, boolean add) {
    reductions.meanPixelsGrad(n, pixels, c, dy, dx, add);
  }

  @Override
  public void sumRows(int rows, int cols, Buffer x, Buffer y, boolean add) {
    reductions.sumRows(rows, cols, x, y, add);
  }

  @Override
  public void addRow(int rows, int cols, Buffer x, Buffer row, Buffer y) {
    elementwise.addRow(cols, x, row, y);
  }

  @Override
  public void moments(int rows, int c, Buffer x, Buffer moments) {
    norms.moments(rows, c, x, moments);
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
    norms.normalize(rows, c, x, moments, eps, gamma, beta, y);
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
    norms.normalizeGrad(rows, c, x, moments, eps, batch, gamma, dy, coefficients, dgamma, dbeta);
  }

  @Override
  public void gradient(int rows, int c, Upstream upstream, Buffer x, Buffer dx, boolean add) {
    norms.gradient(rows, c, upstream, x, dx, add);
  }

  @Override
  public void mixedSum(Mix mix, Buffer weights, Buffer y) {
    mixes.forward(mix, weights, y);
  }

  @Override
  public void mixedSumGrad(Mix mix, Buffer weights, Buffer dy, @Nullable Buffer dWeights) {
    mixes.backward(mix, weights, dy, dWeights);
  }

  @Override
  public void softmax(int rows, int cols, Buffer x, Buffer y) {
    probabilities.softmax(rows, cols, x, y);
  }

  @Override
  public void softmaxGrad(int rows, int cols, Buffer y, Buffer dy, Buffer dx, boolean add) {
    probabilities.softmaxGrad(rows, cols, y, dy, dx, add);
  }

  @Override
  public void crossEntropy(
      int rows,
      int classes,
      float smoothing,
      Buffer logits,
      Buffer labels,
      Buffer probs,
      Buffer loss) {
    probabilities.crossEntropy(rows, classes, smoothing, logits, labels, probs, loss);
  }

  @Override
  public void crossEntropyGrad(
      int rows,
      int classes,
      float smoothing,
      Buffer probs,
      Buffer labels,
      Buffer dloss,
      Buffer dlogits,
      boolean add) {
    probabilities.crossEntropyGrad(rows, classes, smoothing, probs, labels, dloss, dlogits, add);
  }

  @Override
  public void norm(Buffer x, Buffer norm) {
    reductions.norm(x, norm);
  }

  @Override
  public void clip(Buffer x, Buffer norm, float max) {
    optimisers.clip(x, norm, max);
  }

  @Override
  public void sgd(
      Buffer w, Buffer g, Buffer v, float rate, float momentum, float decay, boolean nesterov) {
    optimisers.sgd(w, g, v, rate, momentum, decay, nesterov);
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
    optimisers.adam(w, g, m, v, rate, beta1, beta2, eps, decay, step);
  }

  @Override
  public void close() {
    device.drain(); // what is queued may be calls of libraries
    fans.close();
    device.close();
  }
}
