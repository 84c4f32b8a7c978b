package org.espalier.proxy;

import java.util.List;
import org.espalier.autograd.Observer;
import org.espalier.autograd.Op;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.op.Conv2d;
import org.espalier.op.Linear;
import org.espalier.tensor.Shape;

/**
 * fisher (Turner et al. 2020, as Abdelfattah et al. 2021 sum it): with the results a of all
 * convolutions and linear layers and their gradients g of the mean loss, a channel has 1/2 mean_n
 * (sum_hw a g)^2, which counts for each of the weights that make it.
 */
record Fisher() implements Proxy {
  @Override
  public String name() {
    return "fisher";
  }

  @Override
  public String description() {
    return "sum over the weights of their channel's 1/2 mean (activation x gradient)^2 (Turner et"
        + " al. 2020)";
  }

  @Override
  public Reading book(Passes passes) {
    Channels channels = new Channels(passes.subject());
    passes.onLossGradient(channels);
    return Reading.of(() -> channels.sum);
  }

  private static final class Channels implements Observer {
    private final Subject subject;
    private double sum;

    Channels(Subject subject) {
      this.subject = subject;
    }

    @Override
    public boolean wantsGradient(Op op, Tensor output) {
      return op instanceof Conv2d || op instanceof Linear;
    }

    @Override
    public void differentiating(Op op, List<Tensor> inputs, Tensor output, Buffer gradient) {
      Shape shape = output.shape();
      int n = shape.dim(0);
      int c = shape.channels();
      int pixels = shape.rows() / n;
      Backend backend = subject.backend();
      Buffer product = backend.memory().take(shape.size());
      Buffer means = backend.memory().take(n * c);
      backend.multiply(output.data(), gradient, product, false);
      backend.meanPixels(n, pixels, c, product, means);
      double squares = 0;
      for (float mean : subject.read(means)) {
        squares += (double) mean * pixels * mean * pixels;
      }
      int weights = inputs.get(1).shape().size() / c;
      sum += squares / (2 * n) * weights;
      backend.memory().give(product);
      backend.memory().give(means);
    }
  }
}
