package org.espalier.strategy;

import java.util.ArrayList;
import java.util.List;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.op.Add;
import org.espalier.op.Elu;
import org.espalier.supernet.Selection;
import org.espalier.supernet.Selections;

/**
 * DrNAS (Chen et al. 2021): the weights of an edge are a sample of Dirichlet(elu(alpha) + 1),
 * differentiated pathwise; alpha's distance from zero is penalised by Adam's weight decay.
 */
record DrNas() implements Strategy {
  @Override
  public String name() {
    return "drnas";
  }

  @Override
  public String description() {
    return "Dirichlet sample per edge, pathwise gradient (Chen et al. 2021)";
  }

  @Override
  public Selections select(Draw draw) {
    List<Tensor> weights = new ArrayList<>();
    for (int kind = 0; kind < draw.alphas().size(); kind++) {
      Tensor concentration = concentration(draw.tape(), draw.alphas().get(kind));
      weights.add(draw.tape().apply(new Dirichlet(draw.rng().split(kind)), concentration));
    }
    return (kind, edge) -> new Selection.All(weights.get(kind), edge);
  }

  private static Tensor concentration(Tape tape, Tensor alpha) {
    return tape.apply(new Add(), tape.apply(new Elu(), alpha), tape.filled(alpha.shape(), 1));
  }

  /** The mean of the Dirichlet distribution. */
  @Override
  public float[][] strengths(float[][] alpha) {
    float[][] mean = new float[alpha.length][];
    for (int row = 0; row < alpha.length; row++) {
      mean[row] = new float[alpha[row].length];
      double sum = 0;
      for (float value : alpha[row]) {
        sum += concentration(value);
      }
      for (int k = 0; k < alpha[row].length; k++) {
        mean[row][k] = (float) (concentration(alpha[row][k]) / sum);
      }
    }
    return mean;
  }

  private static double concentration(float alpha) {
    return alpha > 0 ? alpha + 1 : Math.exp(alpha);
  }
}
