package org.espalier.proxy;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.espalier.autograd.Observer;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.nn.ParameterArena;
import org.espalier.op.CrossEntropy;
import org.espalier.space.Genotype;
import org.espalier.space.Network;
import org.espalier.space.SearchSpace;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;

/** An architecture as an untrained network, with the batches to look at it by. */
public final class Subject {
  private final SearchSpace space;
  private final Genotype genotype;
  private final SearchSpace.Size size;
  private final List<LabelledBatch> batches;
  private final Rng rng;
  private final ParameterArena arena = new ParameterArena();
  private final Network network;
  private final Layers layers;

  /**
   * Builds the network and draws its weights.
   *
   * @param batches at least one
   * @param rng fixes the weights, and what proxies draw
   */
  public Subject(
      SearchSpace space,
      Genotype genotype,
      SearchSpace.Size size,
      Backend backend,
      List<LabelledBatch> batches,
      Rng rng) {
    this.space = space;
    this.genotype = genotype;
    this.size = size;
    this.batches = batches;
    this.rng = rng;
    network = space.network(arena.root(), genotype, size, false);
    layers = new Layers(arena.parameters());
    arena.allocate(backend, rng.split("weights"));
  }

  /** The space of the architecture. */
  public SearchSpace space() {
    return space;
  }

  /** The architecture. */
  public Genotype genotype() {
    return genotype;
  }

  /** The size of the network. */
  public SearchSpace.Size size() {
    return size;
  }

  /** Some batches, all of one shape. */
  public List<LabelledBatch> batches() {
    return batches;
  }

  /** The images of the first batch, {@code [N, H, W, C]}. */
  public Tensor images() {
    return batches.getFirst().images();
  }

  /** What draws should be split from. */
  public Rng rng() {
    return rng;
  }

  /** What computes. */
  public Backend backend() {
    return arena.backend();
  }

  /** The network's parameters. */
  public ParameterArena arena() {
    return arena;
  }

  /** The layers that proxies sum over. */
  public Layers layers() {
    return layers;
  }

  /** A copy of all parameters, laid out as in the arena. */
  public float[] weights() {
    return read(arena.values());
  }

  /** Runs {@code body} with other parameters. */
  public <T> T with(float[] weights, Supplier<T> body) {
    float[] own = weights();
    backend().write(weights, arena.values());
    try {
      return body.get();
    } finally {
      backend().write(own, arena.values());
    }
  }

  /** A tape on which the network behaves as in training. */
  public Tape tape(List<Observer> observers) {
    Tape tape = Tape.training(backend(), rng.split("tape"));
    observers.forEach(tape::observe);
    return tape;
  }

  /** Logits {@code [N, classes]}, without drop path. */
  public Tensor logits(Tape tape, Tensor images) {
    return network.forward(tape, images, 0).logits();
  }

  /** A pass that nothing is differentiated after. */
  public void forward(Tensor images, List<Observer> observers) {
    arena.differentiate(false);
    try (Tape tape = tape(observers)) {
      logits(tape, images).data();
    }
  }

  /** The gradient of a batch's mean cross-entropy by all parameters. */
  public float[] lossGradient(LabelledBatch batch, List<Observer> observers) {
    arena.differentiate(true);
    arena.zeroGradients();
    try (Tape tape = tape(observers)) {
      Tensor logits = logits(tape, batch.images());
      tape.backward(tape.apply(new CrossEntropy(0), logits, batch.labels()));
    }
    return read(arena.gradients());
  }

  /** The gradient of the weighted sum of the logits {@code [N, classes]} by all parameters. */
  public float[] logitGradient(Tape tape, Tensor images, float[] weights) {
    arena.differentiate(true);
    arena.zeroGradients();
    try (tape) {
      Tensor logits = logits(tape, images);
      tape.backwardFrom(logits, taken(weights));
    }
    return read(arena.gradients());
  }

  /** The gradient of the sum of all logits by the images, of their shape. */
  public float[] inputGradient(Tensor images, List<Observer> observers) {
    arena.differentiate(false);
    Buffer gradient = backend().allocate(images.shape().size());
    Tensor variable = Tensor.variable(images.shape(), images.data(), gradient);
    try (Tape tape = tape(observers)) {
      Tensor logits = logits(tape, variable);
      float[] ones = new float[logits.shape().size()];
      Arrays.fill(ones, 1);
      if (logits.requiresGrad()) { // else they do not depend on the images
        tape.backwardFrom(logits, taken(ones));
      }
    }
    return read(gradient);
  }

  /** A tensor of {@code shape} in memory of its own, its values computed in any order. */
  public Tensor tensor(Shape shape, IntToDoubleFunction value) {
    float[] values = new float[shape.size()];
    IntStream.range(0, values.length)
        .parallel()
        .forEach(i -> values[i] = (float) value.applyAsDouble(i));
    Buffer buffer = backend().allocate(values.length);
    backend().write(values, buffer);
    return Tensor.constant(shape, buffer);
  }

  /** The values of a buffer. */
  public float[] read(Buffer buffer) {
    float[] values = new float[buffer.size()];
    backend().read(buffer, values);
    return values;
  }

  /** A buffer of the pool, for a tape to take over. */
  Buffer taken(float[] values) {
    Buffer buffer = backend().memory().take(values.length);
    backend().write(values, buffer);
    return buffer;
  }
}
