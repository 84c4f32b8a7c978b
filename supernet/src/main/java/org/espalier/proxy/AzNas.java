package org.espalier.proxy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ejml.simple.SimpleMatrix;
import org.espalier.autograd.Observer;
import org.espalier.autograd.Op;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.benchmark.RankStatistics;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;

/**
 * AZ-NAS (Lee and Ham 2024). Of the results of the network's units (the stem, then each cell or
 * block):
 *
 * <ul>
 *   <li>expressivity: the entropy of the normalised variances along the principal components of the
 *       channels, summed over the units;
 *   <li>progressivity: its smallest increase from one unit to the next;
 *   <li>trainability: the mean over the units of 2 - s - 1/(s + 1e-6), s being the largest singular
 *       value of g' g, where g are random signs at the result of the unit and g' is what the unit
 *       carries back to its input, averaged over images and pixels. NaN where a unit is the
 *       identity;
 *   <li>complexity: multiply-adds.
 * </ul>
 *
 * The score is the sum of the logarithms of rank/N of the four among the N networks compared, so it
 * is 0 for a network alone. The published code draws its own images and Kaiming-normal weights;
 * here both are those of the other proxies.
 */
record AzNas() implements Proxy {
  private static final double EPS = 1e-6;

  @Override
  public String name() {
    return "az_nas";
  }

  @Override
  public String description() {
    return "ranks by expressivity, progressivity, trainability, complexity (Lee and Ham 2024)";
  }

  @Override
  public List<String> parts() {
    return List.of(
        "az_nas.expressivity", "az_nas.progressivity", "az_nas.trainability", "az_nas.complexity");
  }

  @Override
  public Reading book(Passes passes) {
    Subject subject = passes.subject();
    return () -> {
      subject.arena().differentiate(true);
      Tape open = subject.tape(List.of());
      Units units = new Units(subject, open);
      try (Tape tape = open.observe(units)) {
        subject.logits(tape, subject.images());
        units.differentiate();
      }
      double[] entropies = units.entropies.stream().mapToDouble(e -> e).toArray();
      double least = Double.POSITIVE_INFINITY;
      for (int i = 1; i < entropies.length; i++) {
        least = Math.min(least, entropies[i] - entropies[i - 1]);
      }
      return new double[] {
        Arrays.stream(entropies).sum(), least, units.trainability(), Flops.of(subject)
      };
    };
  }

  @Override
  public double[] scores(double[][] parts) {
    double[] scores = new double[parts[0].length];
    for (double[] part : parts) {
      double[] ranks = RankStatistics.ranks(part);
      for (int i = 0; i < scores.length; i++) {
        scores[i] += Math.log(ranks[i] / scores.length);
      }
    }
    return scores;
  }

  /** Looks on at the units: there, and one after the other on the way back. */
  private static final class Units implements Observer {
    private final Subject subject;
    private final Tape tape;
    private final Rng rng;
    private final List<Tensor> units = new ArrayList<>();
    private final List<Double> entropies = new ArrayList<>();
    private boolean identity;
    private float[] signs = {};
    private double sum;
    private int seen;

    Units(Subject subject, Tape tape) {
      this.subject = subject;
      this.tape = tape;
      rng = subject.rng().split("az_nas");
    }

    @Override
    public void ended(Tensor part) {
      identity |= units.contains(part);
      units.add(part);
      entropies.add(entropy(Correlations.eigenvalues(FeatureMaps.covariance(subject, part))));
    }

    private static double entropy(double[] variances) {
      double total = Arrays.stream(variances).sum();
      double entropy = 0;
      for (double variance : variances) {
        entropy -= variance / total * Math.log(variance / total + 1e-8);
      }
      return entropy;
    }

    /** From the last unit; each starts with signs of its own. */
    void differentiate() {
      if (identity || units.stream().anyMatch(unit -> !unit.requiresGrad())) {
        return; // no unit but those of a cell without effect is constant
      }
      Tensor last = units.getLast();
      signs = signs(units.size() - 1);
      tape.backwardFrom(last, subject.taken(signs));
    }

    double trainability() {
      return seen == units.size() - 1 ? sum / seen : Double.NaN;
    }

    @Override
    public boolean wantsGradient(Op op, Tensor output) {
      return output != units.getLast() && units.contains(output);
    }

    @Override
    public void differentiating(Op op, List<Tensor> inputs, Tensor output, Buffer gradient) {
      int unit = units.indexOf(output);
      double s = largest(subject.read(gradient), output.shape(), units.get(unit + 1).shape());
      sum += 2 - s - 1 / (s + EPS);
      seen++;
      signs = signs(unit);
      subject.backend().write(signs, gradient);
      // What the unit after the next has carried to those before this one is no concern of this
      // one.
      units.subList(0, unit).forEach(tape::dropGradient);
    }

    private float[] signs(int unit) {
      Rng own = rng.split(unit);
      float[] signs = new float[units.get(unit).shape().size()];
      int bits = 0;
      for (int i = 0; i < signs.length; i++) {
        bits = (i & 31) == 0 ? own.bits(i >> 5) : bits >>> 1;
        signs[i] = (bits & 1) == 0 ? -1 : 1;
      }
      return signs;
    }

    private double largest(float[] before, Shape from, Shape to) {
      Backend backend = subject.backend();
      int rows = to.rows();
      int out = to.channels();
      int in = from.size() / rows;
      Buffer a = subject.taken(gathered(before, from, to.dim(2)));
      Buffer b = subject.taken(signs);
      Buffer product = backend.memory().take(in * out);
      backend.gemm(true, false, in, out, rows, a, b, product, false);
      SimpleMatrix matrix = new SimpleMatrix(in, out);
      float[] values = subject.read(product);
      for (int i = 0; i < values.length; i++) {
        matrix.set(i / out, i % out, (double) values[i] / rows);
      }
      for (Buffer buffer : List.of(a, b, product)) {
        backend.memory().give(buffer);
      }
      return matrix.svd().getSingleValue(0);
    }

    /** Where a unit halves the extent, the pixels of a square become channels of one. */
    private static float[] gathered(float[] x, Shape from, int width) {
      int k = from.dim(2) / width;
      int w = from.dim(2);
      int c = from.channels();
      if (k == 1) {
        return x;
      }
      float[] gathered = new float[x.length];
      for (int row = 0; row < from.dim(0) * from.dim(1); row++) {
        for (int col = 0; col < w; col++) {
          int pixel = row / k * width + col / k;
          int part = row % k * k + col % k;
          System.arraycopy(x, (row * w + col) * c, gathered, (pixel * k * k + part) * c, c);
        }
      }
      return gathered;
    }
  }
}
