package org.espalier.bench;

import java.lang.ref.Reference;
import java.util.List;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.op.CrossEntropy;
import org.espalier.optim.Clip;
import org.espalier.optim.Sgd;
import org.espalier.search.Configurations;
import org.espalier.search.Devices;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.strategy.Architecture;
import org.espalier.strategy.Draw;
import org.espalier.strategy.OneShot;
import org.espalier.strategy.Strategies;
import org.espalier.strategy.Strategy;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;

/**
 * One training step of a supernet, as often as wanted: forward, cross-entropy, backward with
 * alpha's gradient, clip by norm 5, SGD. As PyTorch's peer does it ({@code bench/peers/step.py}).
 */
final class SupernetStep implements Contender {
  private static final long WARM_UP_NANOS = 12_000_000_000L;

  private static final int CLASSES = 10;

  private final Backend backend;
  private final Strategy strategy;
  private final SearchSpace space;
  private final Supernet supernet;
  private final Architecture architecture;
  private final Sgd sgd;
  private final Tensor images;
  private final Tensor labels;
  private final Rng rng = Rng.of(1);
  private int taken;

  SupernetStep(Net net, String strategy, Backend backend) {
    this.backend = backend;
    this.strategy = Strategies.of(strategy);
    space = Spaces.of(net.space());
    var size = new SearchSpace.Size(net.channels(), net.cells(), net.inputChannels(), CLASSES);
    supernet = Supernet.of(root -> space.supernet(root, size), backend, rng);
    OneShot settings =
        Configurations.of(net.space(), Configurations.Preset.PAPER, List.of()).search().oneShot();
    architecture = Architecture.of(space, this.strategy, settings, backend, rng);
    sgd = new Sgd(supernet.weights(), 0.9f, 3e-4f, net.space().equals("nasbench201"));
    images = images(Shape.of(net.batch(), net.size(), net.size(), net.inputChannels()));
    labels = labels(Shape.of(net.batch()));
  }

  /** On a back end of its own, which {@link #close} closes. */
  static SupernetStep open(Net net, String strategy, String device, int threads) {
    return new SupernetStep(net, strategy, Devices.open(device, threads));
  }

  /** The time of {@code steps} steps behind {@code warmup} others, on a back end of their own. */
  static Timing measure(
      Net net, String strategy, String device, int threads, int warmup, int steps) {
    try (SupernetStep step = open(net, strategy, device, threads)) {
      step.warmUp(warmup);
      return Timing.of(step.take(steps));
    }
  }

  @Override
  public double[] take(int steps) {
    double[] seconds = new double[steps];
    for (int i = 0; i < steps; i++) {
      seconds[i] = seconds(taken++);
    }
    return seconds;
  }

  @Override
  public void close() {
    backend.close();
  }

  /**
   * Takes at least {@code steps} steps, and if several are wanted so many that the JVM has compiled
   * all that they need: the blocks of convolutions come last, some seconds after the start.
   */
  void warmUp(int steps) {
    long end = System.nanoTime() + (steps > 1 ? WARM_UP_NANOS : 0);
    while (taken < steps || System.nanoTime() < end) {
      take(1);
    }
  }

  /** The heap that {@code steps} steps take, what they need still reachable. */
  Heap heap(int steps) {
    Heap.restart();
    take(steps);
    try {
      return Heap.measured();
    } finally {
      Reference.reachabilityFence(this); // else its weights might be collected before they count
    }
  }

  /** Takes step {@code i}, whose number decides what a sampling strategy draws. */
  private double seconds(int i) {
    long start = System.nanoTime();
    float loss = loss(i, true);
    long end = System.nanoTime();
    if (!Float.isFinite(loss)) {
      throw new IllegalStateException("the loss of step " + i + " is " + loss);
    }
    return (end - start) / 1e9;
  }

  /**
   * Takes step {@code i}; its loss.
   *
   * @param update whether the weights follow, clipped
   */
  float loss(int i, boolean update) {
    backend.beginPass();
    supernet.weights().zeroGradients();
    architecture.arena().zeroGradients();
    float[] loss = new float[1];
    try (Tape tape = Tape.training(backend, rng.split("tape").split(i))) {
      Rng drawn = rng.split("draw").split(i);
      Draw draw =
          new Draw(tape, space, architecture.alphas(), 0, drawn, false, 0, architecture.policy());
      Tensor logits = supernet.logits(tape, images, strategy.select(draw));
      Tensor result = tape.apply(new CrossEntropy(0), logits, labels);
      tape.backward(result);
      if (update) {
        Clip.byGlobalNorm(supernet.weights(), 5);
        sgd.step(0.025f);
      }
      backend.read(result.data(), loss); // waits for the device
    }
    return loss[0];
  }

  private Tensor images(Shape shape) {
    float[] values = new float[shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = rng.normal(i);
    }
    return tensor(shape, values);
  }

  private Tensor labels(Shape shape) {
    float[] values = new float[shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = rng.below(i, CLASSES);
    }
    return tensor(shape, values);
  }

  private Tensor tensor(Shape shape, float[] values) {
    Buffer buffer = backend.allocate(values.length);
    backend.write(values, buffer);
    return Tensor.constant(shape, buffer);
  }
}
