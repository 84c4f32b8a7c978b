package org.espalier.proxy;

import java.util.List;
import java.util.function.Supplier;
import org.espalier.nn.Parameter;

/**
 * ZiCo (Li et al. 2023), on two batches: the sum over the layers of log sum(mean |g| / std g), with
 * mean and (population) deviation of each weight's loss gradient over the batches. Weights whose
 * gradient does not change are left out, and layers without any other.
 */
record ZiCo() implements Proxy {
  @Override
  public String name() {
    return "zico";
  }

  @Override
  public String description() {
    return "how steady the gradients are over two batches (Li et al. 2023)";
  }

  @Override
  public Reading book(Passes passes) {
    List<Supplier<float[]>> gradients = List.of(passes.lossGradient(0), passes.lossGradient(1));
    Layers layers = passes.subject().layers();
    return Reading.of(() -> score(layers, gradients.getFirst().get(), gradients.getLast().get()));
  }

  private static double score(Layers layers, float[] a, float[] b) {
    double score = 0;
    for (Parameter layer : layers.weights()) {
      double sum = 0;
      for (int i = layer.offset(); i < layer.offset() + layer.shape().size(); i++) {
        double deviation = Math.abs((double) a[i] - b[i]) / 2;
        if (deviation > 0) {
          sum += (Math.abs((double) a[i]) + Math.abs((double) b[i])) / 2 / deviation;
        }
      }
      score += sum > 0 ? Math.log(sum) : 0;
    }
    return score;
  }
}
