package org.espalier.nn;

import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.op.BatchNorm;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** Batch normalisation over [N, H, W, C] with an explicit {@link Policy}. */
public final class BatchNorm2d implements Module {
  /** Added to the variance. */
  public static final float EPS = 1e-5f;

  private static final float MOMENTUM = 0.1f;

  /**
   * What is learned and which statistics serve in evaluation.
   *
   * @param affine whether there is a scale gamma and a shift beta
   * @param tracked whether evaluation uses statistics tracked in training (momentum 0.1, unbiased
   *     variance, as in PyTorch) rather than those of the batch at hand
   */
  public record Policy(boolean affine, boolean tracked) {
    /**
     * Of supernet cells: no affine part that could rescale a candidate, statistics of the batch.
     */
    public static final Policy SEARCH = new Policy(false, false);

    /** Of the parts of a supernet that are outside its cells. */
    public static final Policy SEARCH_AFFINE = new Policy(true, false);

    /** Of networks that are trained to be used. */
    public static final Policy TRAIN = new Policy(true, true);
  }

  private final int channels;
  private final Policy policy;
  private final @Nullable Parameter gamma;
  private final @Nullable Parameter beta;
  private final ParameterArena.@Nullable State running;

  /** Declares it as {@code name} in {@code in}. */
  public BatchNorm2d(ParameterArena.Namespace in, String name, int channels, Policy policy) {
    this.channels = channels;
    this.policy = policy;
    ParameterArena.Namespace own = in.child(name);
    gamma = policy.affine ? own.parameter("weight", Shape.of(channels), Init.ones()) : null;
    beta = policy.affine ? own.parameter("bias", Shape.of(channels), Init.zeros()) : null;
    running =
        policy.tracked
            ? own.state("running", 2 * channels, (rng, i) -> i < channels ? 0 : 1)
            : null;
  }

  /** Whether a mixed sum may take it over: nothing but the statistics of the batch. */
  public boolean plain() {
    return gamma == null && running == null;
  }

  @Override
  public Tensor forward(Tape tape, Tensor x) {
    boolean batch = running == null || tape.training();
    if (batch) {
      tape.expectMoments(x);
    }
    if (running != null && batch) {
      track(tape.backend(), tape.moments(x), running.buffer(), x.shape().rows());
    }
    BatchNorm op = new BatchNorm(EPS, batch, policy.affine);
    Tensor moments =
        running == null || batch ? null : Tensor.constant(Shape.of(2, channels), running.buffer());
    if (gamma == null || beta == null) {
      return moments == null ? tape.apply(op, x) : tape.apply(op, x, moments);
    }
    return moments == null
        ? tape.apply(op, x, gamma.tensor(), beta.tensor())
        : tape.apply(op, x, moments, gamma.tensor(), beta.tensor());
  }

  private void track(Backend backend, Buffer moments, Buffer into, int rows) {
    float unbiased = rows > 1 ? (float) rows / (rows - 1) : 1;
    backend.axpby(MOMENTUM, moments.slice(0, channels), 1 - MOMENTUM, into.slice(0, channels));
    backend.axpby(
        MOMENTUM * unbiased,
        moments.slice(channels, channels),
        1 - MOMENTUM,
        into.slice(channels, channels));
  }
}
