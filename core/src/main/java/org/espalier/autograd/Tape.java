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
  private final Gradients gradients;
  private final boolean recording;
  private final boolean training;
  private final Rng rng;
  private final Statistics.@Nullable Pass statistics;
  private final List<Pass> passes = new ArrayList<>();

  /** The passes that convolutions of a tensor may still join. */
  private final IdentityHashMap<Tensor, Pass> waiting = new IdentityHashMap<>();

  private final List<Tensor> owned = new ArrayList<>();
  private final List<Observer> observers = new ArrayList<>();
  private final Map<Op, Map<Tensor, Tensor>> shared = new HashMap<>();
  private int streams;

  private Tape(
      Backend backend,
      boolean recording,
      boolean training,
      Rng rng,
      Statistics.@Nullable Pass statistics) {
    this.backend = backend;
    gradients = new Gradients(backend);
    this.recording = recording;
    this.training = training;
    this.rng = rng;
    this.statistics = statistics;
  }

  /** A tape for a training step: gradients are recorded, dropout draws from {@code rng}. */
  public static Tape training(Backend backend, Rng rng) {
    return new Tape(backend, true, true, rng, null);
  }

  /** A tape for evaluation: nothing is recorded, nothing dropped, tracked statistics are used. */
  public static Tape inference(Backend backend) {
    return new Tape(backend, false, false, Rng.of(0), null);
  }

  /** A tape for an evaluation whose batch statistics are also taken down. */
  public static Tape calibrating(Backend backend, Statistics statistics) {
    return new Tape(backend, false, false, Rng.of(0), statistics.record());
  }

  /** A tape for an evaluation with statistics taken before in place of those of the batch. */
  public static Tape calibrated(Backend backend, Statistics statistics) {
    return new Tape(backend, false, false, Rng.of(0), statistics.replay());
  }

  /** From now on {@code observer} looks on; it must not be there already. */
  public Tape observe(Observer observer) {
    if (observers.contains(observer)) {
      throw new IllegalStateException("an observer looks on twice: " + observer);
    }
    observers.add(observer);
    return this;
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

  /** Computes an operation, now or, where it is put off, when its result is first wanted. */
  public Tensor apply(Op op, Tensor... inputs) {
    for (Observer observer : observers) {
      Tensor other = observer.instead(this, op, inputs);
      if (other != null) {
        return other;
      }
    }
    if (op.shared() && inputs.length == 1) {
      Map<Tensor, Tensor> results = shared.computeIfAbsent(op, o -> new IdentityHashMap<>());
      Tensor known = results.get(inputs[0]);
      if (known == null) {
        known = compute(op, inputs);
        results.put(inputs[0], known);
      } else {
        for (Observer observer : observers) {
          observer.computed(op, List.of(inputs), known);
        }
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
    Pass pass = op instanceof JointOp joint ? join(joint, inputs[0]) : new Pass(this);
    Tensor output = own(Tensor.promised(shape, recording && requiresGrad, pass));
    pass.add(new Call(this, op, inputs, output));
    if (!op.putOff()) {
      pass.run();
    }
    return output;
  }

  private Pass join(JointOp op, Tensor input) {
    Pass pass = waiting.get(input);
    if (pass == null || !pass.admits(op)) {
      pass = new Pass(this);
      waiting.put(input, pass);
    }
    return pass;
  }

  /** Notes a pass that has just been computed. */
  void computed(Pass pass) {
    for (Observer observer : observers) {
      pass.calls().forEach(call -> observer.computed(call.op(), call.tensors(), call.output()));
    }
    if (pass.calls().stream().anyMatch(call -> call.output().requiresGrad())) {
      passes.add(pass);
    } else {
      pass.calls().forEach(Call::release);
    }
  }

  /** A tensor with the given values, belonging to this tape. */
  public Tensor constant(Shape shape, float... values) {
    Tensor tensor = own(Tensor.result(shape, backend.memory().take(shape.size())));
    backend.write(values, tensor.data());
    return tensor;
  }

  /** A tensor filled with one value, belonging to this tape. */
  public Tensor filled(Shape shape, float value) {
    Tensor tensor = own(Tensor.result(shape, backend.memory().take(shape.size())));
    backend.fill(tensor.data(), value);
    return tensor;
  }

  private Tensor own(Tensor tensor) {
    owned.add(tensor);
    return tensor;
  }

  /**
   * Mean and biased variance of {@code x} per channel, {@code [2, C]}; computed once per tensor. On
   * a {@link #calibrated} tape, those that have been taken before.
   */
  public Buffer moments(Tensor x) {
    if (statistics == null) {
      return ofBatch(x);
    }
    if (!statistics.replays()) {
      Buffer moments = ofBatch(x);
      statistics.note(x, moments);
      return moments;
    }
    Buffer known = x.moments();
    if (known == null) {
      x.data(); // first: what computes it might write its own
      known = statistics.next(x);
      keep(x, known);
    }
    return known;
  }

  private Buffer ofBatch(Tensor x) {
    x.wantMoments();
    x.data();
    Buffer moments = x.moments();
    if (moments == null) {
      int c = x.shape().channels();
      moments = backend.memory().take(2 * c);
      backend.moments(x.shape().rows(), c, x.data(), moments);
      keep(x, moments);
    }
    return moments;
  }

  private void keep(Tensor x, Buffer moments) {
    x.moments(moments);
    if (x.leaf()) {
      owned.add(x);
    }
  }

  /**
   * Says that {@link #moments} of {@code x} will be asked for, so that whoever is yet to compute x
   * computes them on the way.
   */
  public void expectMoments(Tensor x) {
    if (statistics == null || !statistics.replays()) {
      x.wantMoments();
    }
  }

  /**
   * Computes {@code body} and, unless a backward pass will need them, gives back all that it made
   * but its result: what keeps the memory of an evaluation down to one cell.
   */
  public Tensor scope(Supplier<Tensor> body) {
    if (recording) {
      return ended(body.get());
    }
    int mark = owned.size();
    Tensor result = ended(body.get());
    result.data();
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
    waiting.clear();
    return result;
  }

  private Tensor ended(Tensor part) {
    observers.forEach(observer -> observer.ended(part));
    return part;
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
    for (Pass pass : passes.reversed()) {
      pass.backward();
      for (Call call : pass.calls()) {
        call.release();
        if (kept.contains(call.output())) {
          gradients.release(call.output());
        } else {
          release(call.output());
        }
      }
    }
    passes.clear();
    waiting.clear();
    shared.clear();
  }

  /** Shows the gradient that has reached a call's result to the observers that want to see it. */
  void differentiating(Call call) {
    for (Observer observer : observers) {
      if (observer.wantsGradient(call.op(), call.output())) {
        observer.differentiating(
            call.op(), call.tensors(), call.output(), gradients.of(call.output()).buffer());
      }
    }
  }

  /** Forgets the gradient that has reached {@code tensor} so far. */
  public void dropGradient(Tensor tensor) {
    gradients.release(tensor);
  }

  Gradients gradients() {
    return gradients;
  }

  private void release(Tensor tensor) {
    gradients.release(tensor);
    giveBack(tensor.moments());
    tensor.moments(null);
    if (!tensor.leaf()) {
      giveBack(tensor.releaseData());
    }
  }

  private void giveBack(@Nullable Buffer buffer) {
    if (buffer != null) {
      backend.memory().give(buffer);
    }
  }

  @Override
  public void close() {
    passes.forEach(pass -> pass.calls().forEach(Call::release));
    passes.clear();
    owned.forEach(this::release);
    owned.clear();
    waiting.clear();
    shared.clear();
  }
}
