package org.espalier.backend;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The primitive kernels that every operation is made of. A back end is one implementation of this
 * interface; {@code BackendConformance} holds it against the portable one.
 *
 * <p>Common to all kernels: tensors lie row-major, activations are {@code [N, H, W, C]}; sizes have
 * been checked by the operation that calls; outputs do not overlap inputs unless said; {@code add}
 * selects {@code y += result} rather than {@code y = result}. Results depend neither on the number
 * of threads nor on timing.
 */
public interface Backend extends AutoCloseable {
  /** The name users select it by. */
  String name();

  /** The pool that activations come from. */
  Memory memory();

  /** New memory of {@code size} floats, all zero. Operations take theirs from {@link #memory}. */
  Buffer allocate(int size);

  /** Says how much memory a run will want in all, in bytes: a device may set it aside at once. */
  default void reserve(long bytes) {}

  /**
   * Says that a pass begins whose like has come before or will come again. A device that records
   * such passes to replay them arranges its memory so that they are alike.
   */
  default void beginPass() {}

  /** What has been done since it was opened, for measurements; nothing where nobody counts. */
  default Counters counters() {
    return new Counters(Map.of(), 0, 0);
  }

  /**
   * What a device has done.
   *
   * @param launches of each kernel, by name, with "copy" and "set" for copies and fills; those that
   *     graphs stood for with them
   * @param replayed how many graphs stood for
   * @param bytes of its memory that were in use at most
   */
  record Counters(Map<String, Long> launches, long replayed, long bytes) {
    /** All launches. */
    public long pieces() {
      return launches.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /** New memory of {@code size} floats with unspecified content. */
  default Buffer allocateScratch(int size) {
    return allocate(size);
  }

  /** Copies the host's {@code source} into {@code target}, from its start. */
  void write(float[] source, Buffer target);

  /** Copies {@code source} into the host's {@code target}, from its start. */
  void read(Buffer source, float[] target);

  /**
   * Puts images on the device for good, to make batches of them there; null where batches are
   * better made on the host.
   *
   * @param images for each its bytes, {@code [height, width, channels]}
   * @param table for each channel the value of each byte
   */
  default @Nullable Gallery gallery(byte[][] images, int height, int width, float[][] table) {
    return null;
  }

  // ---- element by element

  /** y = value. */
  void fill(Buffer y, float value);

  /** y = a*x + b*y; with b = 0, y is not read. */
  void axpby(float a, Buffer x, float b, Buffer y);

  /** y (+)= a*b, element by element. */
  void multiply(Buffer a, Buffer b, Buffer y, boolean add);

  /** y = f(x). */
  void unary(Unary f, Buffer x, Buffer y);

  /** dx (+)= f'(x)*dy. */
  void unaryGrad(Unary f, Buffer x, Buffer dy, Buffer dx, boolean add);

  /**
   * y (+)= x*mask/(1-p), where element i is kept if the uniform draw {@code i/group} of {@code
   * (seed, stream)} is at least p: dropout with group 1, drop path with one sample to a group; the
   * last group may be short. It is its own gradient.
   */
  void dropout(float p, int group, long seed, long stream, Buffer x, Buffer y, boolean add);

  /**
   * Copies {@code blocks} runs of {@code length} floats; run b goes from {@code srcStart +
   * b*srcStride} to {@code dstStart + b*dstStride}. Slices and concatenations along any axis.
   */
  void copyBlocks(
      int blocks,
      int length,
      Buffer src,
      int srcStart,
      int srcStride,
      Buffer dst,
      int dstStart,
      int dstStride,
      boolean add);

  // ---- products

  /**
   * c (+)= op(a) op(b), {@code [m, n] = [m, k] [k, n]}; a transposed operand is stored {@code [k,
   * m]}, {@code [n, k]}.
   */
  void gemm(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      Buffer a,
      Buffer b,
      Buffer c,
      boolean add);

  /** Convolves x by the weight of every arm: writes y and, where wanted, its moments. */
  void conv(Fan fan);

  /**
   * The gradients of {@link #conv}: adds to the dw of every arm that has one, and dx (+)= the sum
   * over all arms.
   *
   * @param dx null where it is not wanted
   */
  void convGrad(Fan fan, @Nullable Buffer dx, boolean add);

  // ---- windows and reductions

  /** y = pooled x. */
  void pool(Pool pool, Buffer x, Buffer y);

  /** dx (+)= the gradient of {@link #pool}; the maximum is found again from x. */
  void poolGrad(Pool pool, Buffer x, Buffer dy, Buffer dx, boolean add);

  /** y {@code [n, c]} = mean over the middle axis of x {@code [n, pixels, c]}. */
  void meanPixels(int n, int pixels, int c, Buffer x, Buffer y);

  /** dx (+)= the gradient of {@link #meanPixels}. */
  void meanPixelsGrad(int n, int pixels, int c, Buffer dy, Buffer dx, boolean add);

  /** y {@code [cols]} (+)= sum over the rows of x {@code [rows, cols]}. */
  void sumRows(int rows, int cols, Buffer x, Buffer y, boolean add);

  /** y {@code [rows, cols]} = x + row {@code [cols]}. */
  void addRow(int rows, int cols, Buffer x, Buffer row, Buffer y);

  // ---- batch normalisation over x [rows, c]

  /** moments {@code [2, c]} = mean and biased variance of x over the rows. */
  void moments(int rows, int c, Buffer x, Buffer moments);

  /** y = (x - mean)/sqrt(variance + eps), times gamma plus beta where given. */
  void normalize(
      int rows,
      int c,
      Buffer x,
      Buffer moments,
      float eps,
      @Nullable Buffer gamma,
      @Nullable Buffer beta,
      Buffer y);

  /**
   * The gradients of {@link #normalize}. With {@code batch}, the moments are those of x itself and
   * are differentiated through; otherwise they are constants.
   *
   * @param coefficients {@code [4, c]} of the {@link Upstream} that is, with dy, the gradient of x
   * @param dgamma gradient of gamma, added to; null where there is none
   * @param dbeta gradient of beta, added to; null where there is none
   */
  void normalizeGrad(
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
      @Nullable Buffer dbeta);

  /** dx (+)= the gradient of x {@code [rows, c]} that {@code upstream} stands for. */
  void gradient(int rows, int c, Upstream upstream, Buffer x, Buffer dx, boolean add);

  /** y {@code [rows, channels]} = the weighted sum of the mix; zero if no term has a value. */
  void mixedSum(Mix mix, Buffer weights, Buffer y);

  /**
   * The gradients of {@link #mixedSum}: those of the terms, differentiating through the moments as
   * those of the batch, and those of the weights, added to {@code dWeights}. The reduction {@code
   * sum g*xhat} that batch normalisation needs is, summed over the channels, the gradient of the
   * term's weight: the architecture gradient costs nothing.
   */
  void mixedSumGrad(Mix mix, Buffer weights, Buffer dy, @Nullable Buffer dWeights);

  // ---- probabilities, over rows

  /** y = softmax of each row of x {@code [rows, cols]}. */
  void softmax(int rows, int cols, Buffer x, Buffer y);

  /** dx (+)= the gradient of {@link #softmax}, from its result y. */
  void softmaxGrad(int rows, int cols, Buffer y, Buffer dy, Buffer dx, boolean add);

  /**
   * loss {@code [1]} = mean cross-entropy of softmax(logits) {@code [rows, classes]} against the
   * labels (class indices as floats) smoothed by {@code smoothing}: 1 - s on the label and
   * s/classes on all.
   *
   * @param probabilities softmax of the logits, for {@link #crossEntropyGrad}
   */
  void crossEntropy(
      int rows,
      int classes,
      float smoothing,
      Buffer logits,
      Buffer labels,
      Buffer probabilities,
      Buffer loss);

  /** dlogits (+)= the gradient of {@link #crossEntropy} times dloss {@code [1]}. */
  void crossEntropyGrad(
      int rows,
      int classes,
      float smoothing,
      Buffer probabilities,
      Buffer labels,
      Buffer dloss,
      Buffer dlogits,
      boolean add);

  // ---- sweeps over a parameter arena

  /** norm {@code [1]} = Euclidean norm of x. */
  void norm(Buffer x, Buffer norm);

  /** x *= min(1, max/(norm + 1e-6)), as PyTorch's {@code clip_grad_norm_}. */
  void clip(Buffer x, Buffer norm, float max);

  /** d = g + decay*w; v = momentum*v + d; w -= rate*(nesterov ? d + momentum*v : v). */
  void sgd(Buffer w, Buffer g, Buffer v, float rate, float momentum, float decay, boolean nesterov);

  /** Adam (Kingma and Ba 2015) with L2 decay added to the gradient; {@code step} counts from 1. */
  void adam(
      Buffer w,
      Buffer g,
      Buffer m,
      Buffer v,
      float rate,
      float beta1,
      float beta2,
      float eps,
      float decay,
      int step);

  @Override
  default void close() {}
}
