package org.espalier.proxy;

import java.util.Arrays;
import java.util.List;
import org.espalier.autograd.Observer;
import org.espalier.autograd.Op;
import org.espalier.autograd.Tensor;
import org.espalier.op.Conv2d;

/**
 * MeCo (Jiang et al. 2023): the sum over the convolutions of the smallest eigenvalue of the
 * correlation matrix of their result's channels, over all images and pixels of the batch.
 */
record MeCo() implements Proxy {
  @Override
  public String name() {
    return "meco";
  }

  @Override
  public String description() {
    return "smallest eigenvalue of the channels' correlation, summed (Jiang et al. 2023)";
  }

  @Override
  public Reading book(Passes passes) {
    Smallest smallest = new Smallest(passes.subject());
    passes.onForward(smallest);
    return Reading.of(() -> smallest.sum);
  }

  private static final class Smallest implements Observer {
    private final Subject subject;
    private double sum;

    Smallest(Subject subject) {
      this.subject = subject;
    }

    @Override
    public void computed(Op op, List<Tensor> inputs, Tensor output) {
      if (op instanceof Conv2d) {
        double[] eigenvalues = Correlations.eigenvalues(FeatureMaps.correlation(subject, output));
        sum += Arrays.stream(eigenvalues).min().orElse(0);
      }
    }
  }
}
