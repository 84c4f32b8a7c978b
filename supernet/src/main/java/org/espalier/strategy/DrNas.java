package org.espalier.strategy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.op.Add;
import org.espalier.op.Elu;
import org.espalier.op.Mul;
import org.espalier.supernet.Selection;
import org.espalier.supernet.Selections;

/**
 * DrNAS (Chen et al. 2021): the weights of an edge are a sample of Dirichlet(elu(alpha) + 1),
 * differentiated pathwise; alpha's distance from zero is penalised by Adam's weight decay.
 *
 * @param progressive whether from half of the search on an edge computes only the stronger half of
 *     its candidates: the paper's progressive learning scheme (section 3.3) without its partial
 *     channels and its restart of alpha
 */
record DrNas(String name, boolean progressive) implements Strategy {
  private static final double PRUNE_AT = 0.5;

  /**
   * Concentration of a candidate that is not computed: its share of a sample is practically
   * nothing.
   */
  private static final float PRUNED = 1e-3f;

  @Override
  public String description() {
    return "Dirichlet sample per edge, pathwise gradient"
        + (progressive ? ", from half time on of the stronger half of the candidates" : "")
        + " (Chen et al. 2021)";
  }

  @Override
  public Selections select(Draw draw) {
    boolean prune = progressive && draw.progress() >= PRUNE_AT;
    List<Tensor> weights = new ArrayList<>();
    List<List<List<Integer>>> kept = new ArrayList<>();
    for (int kind = 0; kind < draw.alphas().size(); kind++) {
      Tensor alpha = draw.alphas().get(kind);
      Tensor concentration = concentration(draw.tape(), alpha);
      if (prune) {
        kept.add(strongerHalf(draw.tape(), alpha));
        concentration = pruned(draw.tape(), concentration, kept.getLast());
      }
      weights.add(draw.tape().apply(new Dirichlet(draw.rng().split(kind)), concentration));
    }
    return prune
        ? (kind, edge) -> new Selection.Some(kept.get(kind).get(edge), weights.get(kind), edge)
        : (kind, edge) -> new Selection.All(weights.get(kind), edge);
  }

  private static Tensor concentration(Tape tape, Tensor alpha) {
    return tape.apply(new Add(), tape.apply(new Elu(), alpha), tape.filled(alpha.shape(), 1));
  }

  /** For each edge the indices of its larger alphas, half of them rounded up, ascending. */
  private static List<List<Integer>> strongerHalf(Tape tape, Tensor alpha) {
    int columns = alpha.shape().channels();
    float[] values = new float[alpha.shape().size()];
    tape.backend().read(alpha.data(), values);
    return IntStream.range(0, alpha.shape().rows())
        .mapToObj(
            row ->
                IntStream.range(0, columns)
                    .boxed()
                    .sorted(Comparator.comparingDouble(k -> -values[row * columns + k]))
                    .limit((columns + 1) / 2)
                    .sorted()
                    .toList())
        .toList();
  }

  private static Tensor pruned(Tape tape, Tensor concentration, List<List<Integer>> kept) {
    int columns = concentration.shape().channels();
    float[] mask = new float[concentration.shape().size()];
    float[] rest = new float[mask.length];
    Arrays.fill(rest, PRUNED);
    for (int row = 0; row < kept.size(); row++) {
      for (int k : kept.get(row)) {
        mask[row * columns + k] = 1;
        rest[row * columns + k] = 0;
      }
    }
    Tensor chosen =
        tape.apply(new Mul(), concentration, tape.constant(concentration.shape(), mask));
    return tape.apply(new Add(), chosen, tape.constant(concentration.shape(), rest));
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
