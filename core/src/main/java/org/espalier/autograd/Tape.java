package org.espalier.autograd;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * One pass through a network: applies operations, remembers them, and replays them backwards. Every
 * result belongs to the tape; closing it gives all buffers back to the back end's pool.
 *
 * <p>Not for use by several threads; the back end brings its own.
 */
public final class Tape implements AutoCloseable {
  private final Backend backend;
  private final boolean recording;
  private final boolean training;
  private final Rng rng;
  private final List<Call> calls = new ArrayList<>();
  private final List<Tensor> owned = new ArrayList<>();
  private final Map<Op, Map<Tensor, Tensor>> shared = new HashMap<>();
  private int streams;

  private Tape(Backend backend, boolean recording, boolean training, Rng rng) {
    this.backend = backend;
    this.recording = recording;
    this.training = training;
    this.rng = rng;
  }

  /** A tape for a training step: gradients are recorded, dropout draws from {@code rng}. */
  public static Tape training(Backend backend, Rng rng) {
    return new Tape(backend, true, true, rng);
  }

  /** A tape for evaluation: nothing is recorded, nothing dropped, tracked statistics are used. */
  public static Tape inference(Backend backend) {
    return new Tape(backend, false, false, Rng.of(0));
  }

  /** The back end that computes. */
  public Backend backend() {
    return backend;
  }

  /** Whether modules behave as in training (dropout, batch statistics). */
  public boolean training() {
    return training;
  }

  /** A random stream for the next operation that draws. */
  public Rng nextStream() {
    return rng.split(streams++);
  }

  /** Computes an operation. */
  public Tensor apply(Op op, Tensor... inputs) {
    if (op.shared() && inputs.length == 1) {
      Map<Tensor, Tensor> results = shared.computeIfAbsent(op, o -> new IdentityHashMap<>());
      Tensor known = results.get(inputs[0]);
      if (known == null) {
        known = compute(op, inputs);
        results.put(inputs[0], known);
      }
      return known;
    }
    return compute(op, inputs);
  }

  private Tensor compute(Op op, Tensor[] inputs) {
    Shape[] shapes = new Shape[inputs.length];
    boolean requiresGrad = false;
    for (int i = 0; i < inputs.length; i++) {
      shapes[i] = inputs[i].shape();
      requiresGrad |= inputs[i].requiresGrad();
    }
    Shape shape = op.infer(shapes);
    Tensor output =
        own(Tensor.result(shape, backend.memory().take(shape.size()), recording && requiresGrad));
    Call call = new Call(this, op, inputs, output);
    call.forward();
    if (output.requiresGrad()) {
      calls.add(call);
    } else {
      call.release();
    }
    return output;
  }

  /** A tensor with the given values, belonging to this tape. */
  public Tensor constant(Shape shape, float... values) {
    Tensor tensor = own(Tensor.result(shape, backend.memory().take(shape.size()), false));
    backend.write(values, tensor.data());
    return tensor;
  }

  /** A tensor filled with one value, belonging to this tape. */
  public Tensor filled(Shape shape, float value) {
    Tensor tensor = own(Tensor.result(shape, backend.memory().take(shape.size()), false));
    backend.fill(tensor.data(), value);
    return tensor;
  }

  private Tensor own(Tensor tensor) {
    owned.add(tensor);
    return tensor;
  }

  /**
   * Mean and biased variance of {@code x} per channel, {@code [2, C]}; computed once per tensor.
   */
  public Buffer moments(Tensor x) {
    Buffer moments = x.moments();
    if (moments == null) {
      int c = x.shape().channels();
      moments = backend.memory().take(2 * c);
      backend.moments(x.shape().rows(), c, x.data(), moments);
      x.moments(moments);
      if (x.leaf()) {
        owned.add(x);
      }
    }
    return moments;
  }

  /**
   * Computes {@code body} and, unless a backward pass will need them, gives back all that it made
   * but its result: what keeps the memory of an evaluation down to one cell.
   */
  public Tensor scope(Supplier<Tensor> body) {
    if (recording) {
      return body.get();
    }
    int mark = owned.size();
    Tensor result = body.get();
    List<Tensor> inner = owned.subList(mark, owned.size());
    boolean ours = inner.contains(result);
    inner.forEach(
        tensor -> {
          if (tensor != result) {
            release(tensor);
          }
        });
    inner.clear();
    if (ours) {
      owned.add(result);
    }
    shared.clear();
    return result;
  }

  /**
   * Differentiates {@code loss} by every parameter it depends on, and gives back the activations on
   * the way, except those of {@code loss} and {@code keep}.
   *
   * @param loss one element
   */
  public void backward(Tensor loss, Tensor... keep) {
    if (loss.shape().size() != 1) {
      throw new IllegalArgumentException("backward: loss " + loss.shape() + " must be one element");
    }
    Buffer one = backend.memory().take(1);
    backend.fill(one, 1);
    backwardFrom(loss, one, keep);
  }

  /**
   * As {@link #backward}, from any result and the gradient that reaches it; {@code upstream} is
   * taken over.
   */
  public void backwardFrom(Tensor result, Buffer upstream, Tensor... keep) {
    if (!result.requiresGrad()) {
      throw new IllegalStateException(
          "backward: the result depends on no parameter of a recording tape");
    }
    result.grad(upstream);
    List<Tensor> kept = new ArrayList<>(List.of(keep));
    kept.add(result);
    for (Call call : calls.reversed()) {
      call.backward();
      call.release();
      Tensor output = call.output();
      if (kept.contains(output)) {
        releaseGrad(output);
      } else {
        release(output);
      }
    }
    calls.clear();
    shared.clear();
  }

  private void release(Tensor tensor) {
    releaseGrad(tensor);
    giveBack(tensor.moments());
    tensor.moments(null);
    if (!tensor.leaf()) {
      giveBack(tensor.releaseData());
    }
  }

  private void releaseGrad(Tensor tensor) {
    if (!tensor.leaf()) {
      giveBack(tensor.grad());
      tensor.grad(null);
    }
  }

  private void giveBack(@Nullable Buffer buffer) {
    if (buffer != null) {
      backend.memory().give(buffer);
    }
  }

  @Override
  public void close() {
    calls.forEach(Call::release);
    calls.clear();
    owned.forEach(this::release);
    owned.clear();
    shared.clear();
  }
}
