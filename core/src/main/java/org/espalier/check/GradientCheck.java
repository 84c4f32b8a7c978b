package org.espalier.check;

import java.util.List;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.op.Sample;
import org.espalier.tensor.Rng;

/**
 * An operation's backward pass against central differences of its forward pass. The function
 * differentiated is {@code sum r*op(x)} with random r; its differences are summed in double
 * precision.
 */
public final class GradientCheck {
  private static final float STEP = 1e-2f;

  private GradientCheck() {}

  /**
   * The largest error over all inputs, relative to the largest gradient of that input.
   *
   * @throws IllegalStateException if the sample has nothing to differentiate
   */
  public static double largestError(Backend backend, Sample sample, long seed) {
    Trial trial = Trial.of(backend, sample, Rng.of(seed));
    List<float[]> gradients = trial.run(backend).gradients();
    double worst = 0;
    int checked = 0;
    for (int input = 0; input < sample.inputs().size(); input++) {
      if (!sample.inputs().get(input).differentiable()) {
        continue;
      }
      float[] analytic = gradients.get(input);
      float[] values = trial.values().get(input);
      double scale = 1e-3;
      double error = 0;
      for (int i = 0; i < values.length; i++) {
        float at = values[i];
        values[i] = at + STEP;
        double up = trial.scalar(backend);
        double above = values[i];
        values[i] = at - STEP;
        double down = trial.scalar(backend);
        double below = values[i];
        values[i] = at;
        double numeric = (up - down) / (above - below);
        scale = Math.max(scale, Math.abs(numeric));
        error = Math.max(error, Math.abs(numeric - analytic[i]));
        checked++;
      }
      worst = Math.max(worst, error / scale);
    }
    if (checked == 0) {
      throw new IllegalStateException(sample + ": nothing to differentiate");
    }
    return worst;
  }

  /** The result and gradients of one sample on one back end. */
  record Outcome(float[] result, List<float[]> gradients) {}

  /** A sample with its inputs and upstream gradient drawn. */
  record Trial(Sample sample, List<float[]> values, float[] upstream) {
    static Trial of(Backend backend, Sample sample, Rng rng) {
      List<float[]> values =
          java.util.stream.IntStream.range(0, sample.inputs().size())
              .mapToObj(i -> sample.inputs().get(i).draw(rng.split(i)))
              .toList();
      try (Tape tape = Tape.inference(backend)) {
        int size = tape.apply(sample.op(), leaves(backend, sample, values)).shape().size();
        float[] upstream = new float[size];
        for (int i = 0; i < size; i++) {
          upstream[i] = rng.split("upstream").normal(i);
        }
        return new Trial(sample, values, upstream);
      }
    }

    double scalar(Backend backend) {
      try (Tape tape = Tape.inference(backend)) {
        float[] result =
            read(backend, tape.apply(sample.op(), leaves(backend, sample, values)).data());
        double sum = 0;
        for (int i = 0; i < result.length; i++) {
          sum += (double) result[i] * upstream[i];
        }
        return sum;
      }
    }

    /** Runs forward and backward; gradients are added to what the buffers hold, here to zero. */
    Outcome run(Backend backend) {
      boolean differentiable = sample.inputs().stream().anyMatch(Sample.Input::differentiable);
      try (Tape tape = Tape.training(backend, Rng.of(0))) {
        Tensor[] leaves = leaves(backend, sample, values);
        List<Buffer> gradients =
            java.util.Arrays.stream(leaves)
                .map(leaf -> backend.allocate(leaf.shape().size()))
                .toList();
        Tensor[] inputs = new Tensor[leaves.length];
        for (int i = 0; i < leaves.length; i++) {
          inputs[i] =
              sample.inputs().get(i).differentiable()
                  ? Tensor.variable(leaves[i].shape(), leaves[i].data(), gradients.get(i))
                  : leaves[i];
        }
        Tensor y = tape.apply(sample.op(), inputs);
        float[] result = read(backend, y.data());
        if (differentiable) {
          Buffer seed = backend.memory().take(upstream.length);
          backend.write(upstream, seed);
          tape.backwardFrom(y, seed);
        }
        return new Outcome(result, gradients.stream().map(g -> read(backend, g)).toList());
      }
    }

    private static Tensor[] leaves(Backend backend, Sample sample, List<float[]> values) {
      Tensor[] leaves = new Tensor[values.size()];
      for (int i = 0; i < leaves.length; i++) {
        Buffer data = backend.allocate(values.get(i).length);
        backend.write(values.get(i), data);
        leaves[i] = Tensor.constant(sample.inputs().get(i).shape(), data);
      }
      return leaves;
    }

    private static float[] read(Backend backend, Buffer buffer) {
      float[] values = new float[buffer.size()];
      backend.read(buffer, values);
      return values;
    }
  }
}
