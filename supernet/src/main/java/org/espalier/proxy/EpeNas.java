package org.espalier.proxy;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.ejml.simple.SimpleMatrix;

/**
 * epe_nas (Lopes et al. 2021): within each class, the sum of log(|r| + 1e-5) over the correlations
 * r between the images' Jacobians of the summed logits; the absolute values of these, summed over
 * the classes. With more than 100 classes each is divided by its number of images, and the
 * differences between all pairs are summed and divided by the number of classes.
 */
record EpeNas() implements Proxy {
  private static final double K = 1e-5;
  private static final int MANY = 100;

  @Override
  public String name() {
    return "epe_nas";
  }

  @Override
  public String description() {
    return "how little input Jacobians correlate within each class (Lopes et al. 2021)";
  }

  @Override
  public Reading book(Passes passes) {
    Supplier<float[]> gradient = passes.inputGradient();
    Subject subject = passes.subject();
    return Reading.of(
        () -> {
          float[] labels = subject.read(subject.batches().getFirst().labels().data());
          return score(
              JacobCov.rows(gradient.get(), labels.length), labels, subject.size().classes());
        });
  }

  static double score(float[][] jacobians, float[] labels, int classes) {
    TreeMap<Float, List<float[]>> byClass = new TreeMap<>();
    for (int i = 0; i < labels.length; i++) {
      byClass.computeIfAbsent(labels[i], label -> new ArrayList<>()).add(jacobians[i]);
    }
    double[] sums =
        byClass.values().stream()
            .mapToDouble(rows -> withinClass(rows) / (classes > MANY ? rows.size() : 1))
            .toArray();
    double score = 0;
    for (double one : sums) {
      if (classes <= MANY) {
        score += Math.abs(one);
      } else {
        for (double other : sums) {
          score += Math.abs(one - other) / sums.length;
        }
      }
    }
    return score;
  }

  private static double withinClass(List<float[]> rows) {
    SimpleMatrix r = Correlations.ofRows(rows.toArray(float[][]::new));
    double sum = 0;
    for (int i = 0; i < r.getNumElements(); i++) {
      sum += Math.log(Math.abs(r.get(i)) + K);
    }
    return sum;
  }
}
