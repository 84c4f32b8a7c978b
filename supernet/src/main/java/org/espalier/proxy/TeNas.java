package org.espalier.proxy;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.ejml.simple.SimpleMatrix;
import org.espalier.benchmark.RankStatistics;
import org.espalier.space.SearchSpace;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;

/**
 * TE-NAS (Chen et al. 2021):
 *
 * <ul>
 *   <li>ntk: the negative log of the condition number of the neural tangent kernel, the products of
 *       the gradients of each image's summed logits by the layers' weights, on the first 16 images
 *       of the batch;
 *   <li>regions: the number of linear regions among 1,000 images evenly spaced between two of
 *       noise, 4x4 pixels of one channel, in a network of one channel and three cells.
 * </ul>
 *
 * The score is the sum of the ranks of both among the networks compared, the best having the
 * highest, so it is 2 for a network alone. Published, regions are counted among 1,000 unrelated
 * images of 3x3 pixels; in a network with residual blocks these are 1,000 regions whatever the
 * cell.
 */
record TeNas() implements Proxy {
  private static final int KERNEL_IMAGES = 16;
  private static final int REGION_IMAGES = 1000;
  private static final int REGION_EXTENT = 4;
  private static final int REGION_CELLS = 3; // layers of DARTS, so that both reductions are there

  @Override
  public String name() {
    return "te_nas";
  }

  @Override
  public String description() {
    return "ranks by NTK condition number and number of linear regions (Chen et al. 2021)";
  }

  @Override
  public List<String> parts() {
    return List.of("te_nas.ntk", "te_nas.regions");
  }

  @Override
  public Reading book(Passes passes) {
    Subject subject = passes.subject();
    return () -> new double[] {ntk(subject), regions(subject)};
  }

  @Override
  public double[] scores(double[][] parts) {
    double[] scores = new double[parts[0].length];
    for (double[] part : parts) {
      double[] ranks = RankStatistics.ranks(part);
      for (int i = 0; i < scores.length; i++) {
        scores[i] += ranks[i];
      }
    }
    return scores;
  }

  private static double ntk(Subject subject) {
    Shape all = subject.images().shape();
    int n = Math.min(KERNEL_IMAGES, all.dim(0));
    float[] pixels = subject.read(subject.images().data());
    var images = subject.tensor(all.with(0, n), i -> pixels[i]);
    int classes = subject.size().classes();
    float[][] gradients = new float[n][];
    SimpleMatrix kernel = new SimpleMatrix(n, n);
    for (int i = 0; i < n; i++) {
      float[] upstream = new float[n * classes];
      Arrays.fill(upstream, i * classes, (i + 1) * classes, 1);
      gradients[i] = subject.logitGradient(subject.tape(List.of()), images, upstream);
      for (int j = 0; j <= i; j++) {
        double product = subject.layers().sum(gradients[i], gradients[j], (a, b) -> a * b);
        kernel.set(i, j, product);
        kernel.set(j, i, product);
      }
    }
    double[] eigenvalues = Correlations.eigenvalues(kernel);
    Arrays.sort(eigenvalues);
    return -Math.log(eigenvalues[n - 1] / eigenvalues[0]);
  }

  private static double regions(Subject subject) {
    SearchSpace.Size thin = new SearchSpace.Size(1, REGION_CELLS, 1, subject.size().classes());
    Rng rng = subject.rng().split("te_nas");
    Subject network =
        new Subject(subject.space(), subject.genotype(), thin, subject.backend(), List.of(), rng);
    long[][][] states = new long[REGION_IMAGES][0][];
    Relus relus = new Relus(network);
    relus.add(
        (values, samples, units) -> {
          long[][] more = Nwot.states(values, samples, units);
          for (int i = 0; i < samples; i++) {
            states[i] = Arrays.copyOf(states[i], states[i].length + 1);
            states[i][states[i].length - 1] = more[i];
          }
        });
    Shape shape = Shape.of(REGION_IMAGES, REGION_EXTENT, REGION_EXTENT, 1);
    network.forward(network.tensor(shape, line(rng)), List.of(relus));
    return Arrays.stream(states).map(Arrays::deepToString).distinct().count();
  }

  /** From one image to another, in equal steps. */
  private static IntToDoubleFunction line(Rng rng) {
    Rng from = rng.split("from");
    Rng to = rng.split("to");
    int pixels = REGION_EXTENT * REGION_EXTENT;
    return i -> {
      int image = i / pixels;
      double t = (double) image / (REGION_IMAGES - 1);
      return (1 - t) * from.normal(i % pixels) + t * to.normal(i % pixels);
    };
  }
}
