package org.espalier.bench;

import java.lang.ref.Reference;
import java.util.Arrays;
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
final class SupernetStep {
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

  /** What a step takes; the mean is of the seconds. */
  record Cost(Timing timing, double mean, Heap heap) {
    static Cost of(double[] seconds, Heap heap) {
      return new Cost(Timing.of(seconds), Arrays.stream(seconds).average().orElseThrow(), heap);
    }
  }

  /** Builds the net on a back end of its own and takes its steps. */
  static Cost measure(Net net, String strategy, String device, int threads, int warmup, int steps) {
    try (Backend backend = Devices.open(device, threads)) {
      SupernetStep step = new SupernetStep(net, strategy, backend);
      try {
        warmUp(step, warmup);
        Heap.restart();
        double[] seconds = new double[steps];
        for (int i = 0; i < steps; i++) {
          seconds[i] = step.seconds(warmup + i);
        }
        return Cost.of(seconds, Heap.measured());
      } finally {
        Reference.reachabilityFence(step); // else its weights might be collected before they count
      }
    }
  }

  /**
   * Takes at least {@code steps} steps, and if several are wanted so many that the JVM has compiled
   * all that they need: the blocks of convolutions come last, some seconds after the start.
   */
  static void warmUp(SupernetStep step, int steps) {
    long end = System.nanoTime() + (steps > 1 ? WARM_UP_NANOS : 0);
    for (int i = 0; i < steps || System.nanoTime() < end; i++) {
      step.seconds(i);
    }
  }

  /** Takes step {@code i}, whose number decides what a sampling strategy draws. */
  double seconds(int i) {
    long start = System.nanoTime();
    float loss = take(i);
    long end = System.nanoTime();
    if (!Float.isFinite(loss)) {
      throw new IllegalStateException("the loss of step " + i + " is " + loss);
    }
    return (end - start) / 1e9;
  }

  private float take(int i) {
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
      Clip.byGlobalNorm(supernet.weights(), 5);
      sgd.step(0.025f);
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
