package org.espalier.benchmark;

import java.util.List;
import java.util.Optional;

/**
 * What others report of a search on NAS-Bench-201: a budget of 12,000 seconds, searched on CIFAR-10
 * with 12 epochs for each architecture, 500 runs (Dong and Yang 2020, version 2, Table 5).
 *
 * @param method the name of the search here
 * @param mean test accuracy in percent
 * @param deviation over the runs; NaN where it is not known
 */
public record PublishedResult(String method, String dataset, double mean, double deviation) {
  /** Their budget, in seconds. */
  public static final double BUDGET = 12_000;

  /** Their number of runs. */
  public static final int RUNS = 500;

  private static final List<PublishedResult> ALL =
      List.of(
          new PublishedResult("rea", "cifar10", 93.92, 0.30),
          new PublishedResult("rea", "cifar100", 71.84, 0.99),
          new PublishedResult("rea", "ImageNet16-120", 45.54, 1.03),
          new PublishedResult("random", "cifar10", 93.70, 0.36),
          new PublishedResult("random", "cifar100", 71.04, 1.07),
          new PublishedResult("random", "ImageNet16-120", 44.57, 1.25),
          new PublishedResult("reinforce", "cifar10", 93.85, 0.37),
          new PublishedResult("reinforce", "cifar100", 71.71, Double.NaN),
          new PublishedResult("reinforce", "ImageNet16-120", 45.24, Double.NaN),
          new PublishedResult("bohb", "cifar10", 93.61, 0.52),
          new PublishedResult("bohb", "cifar100", 70.85, 1.28),
          new PublishedResult("bohb", "ImageNet16-120", 44.42, 1.49));

  /** What is known of a search; nothing where the table, the data searched or the budget differ. */
  public static Optional<PublishedResult> of(
      BaselineStudy.Study study, String method, AccuracyKey key) {
    boolean same =
        study.task().space() == TableSpace.NASBENCH201
            && study.task().dataset().equals("cifar10")
            && study.budget() == BUDGET;
    return ALL.stream()
        .filter(r -> same && r.method.equals(method) && r.dataset.equals(key.dataset()))
        .findFirst();
  }
}
