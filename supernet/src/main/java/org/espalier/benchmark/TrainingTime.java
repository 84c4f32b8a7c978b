package org.espalier.benchmark;

import java.util.List;
import java.util.stream.Stream;

/**
 * An estimate of what NATS-Bench's clocks say, for tables that have accuracies and no times. In the
 * topology space those times are proportional to the number of images, the same for all seeds and
 * schedules. Training and evaluating cost a constant, as much again for each edge that computes (a
 * convolution or a pool), and more for each 3x3 convolution:
 *
 * <p>{@code seconds = base + compute * (n1x1 + n3x3 + npool) + wide * n3x3}
 *
 * <p>The three numbers follow from three records of NATS-Bench v1.0, of which no more are needed:
 * architectures 0, 11 and 284 on {@code cifar10-valid}, an epoch of 25,000 images and a validation
 * of as many. Three records for three numbers leave nothing to check the formula with: take what
 * depends on it as good to about a fifth.
 */
final class TrainingTime {
  static final String NOTE =
      "times are estimated from those of three architectures of NATS-Bench (0, 11 and 284): no"
          + " clock ran for the others";

  /**
   * {@code train_times} and {@code eval_times} of {@code NATS-tss-v1_0-3ffb9-simple}, in seconds.
   * Architecture 284 is one 1x1 convolution; 0 has two such and a pool; 11 has three 3x3
   * convolutions and two pools.
   */
  private static final Weights EPOCH =
      Weights.of(4.875794370969136, 7.221092998981476, 12.462056795756022);

  private static final Weights VALIDATION =
      Weights.of(2.389493485291799, 2.5489792369660877, 4.151251713434855);

  private static final double MEASURED_IMAGES = 25_000;
  private static final int NOR_CONV_1X1 = 2;
  private static final int NOR_CONV_3X3 = 3;
  private static final int AVG_POOL = 4;

  /** Images that an epoch trains on, and that a validation is on. */
  private record Images(String dataset, int train, int valid) {}

  private static final List<Images> IMAGES =
      List.of(
          new Images("cifar10-valid", 25_000, 25_000),
          new Images("cifar10", 50_000, 0),
          new Images("cifar100", 50_000, 5_000),
          new Images("ImageNet16-120", 151_700, 3_000));

  /** The formula's numbers. */
  private record Weights(double base, double compute, double wide) {
    /** From records with 1, 3 and 5 edges that compute, three of the last ones wide. */
    static Weights of(double one, double three, double fiveAndThreeWide) {
      double compute = (three - one) / 2;
      double base = one - compute;
      return new Weights(base, compute, (fiveAndThreeWide - base - 5 * compute) / 3);
    }

    double seconds(int[] choices) {
      double sum = base;
      for (int choice : choices) {
        sum +=
            switch (choice) {
              case NOR_CONV_1X1, AVG_POOL -> compute;
              case NOR_CONV_3X3 -> compute + wide;
              default -> 0;
            };
      }
      return sum;
    }
  }

  private TrainingTime() {}

  /** Times of an architecture by its choices, for all data sets, after schedules of 12 and 200. */
  static List<Series> series(int[] choices) {
    double epoch = EPOCH.seconds(choices) / MEASURED_IMAGES;
    double validation = VALIDATION.seconds(choices) / MEASURED_IMAGES;
    return IMAGES.stream()
        .flatMap(
            images ->
                Stream.of(12, 200)
                    .flatMap(
                        schedule -> {
                          String train = Series.trainSeconds(images.dataset, schedule);
                          String valid = Series.validSeconds(images.dataset, schedule);
                          Series first = Series.of(train, epoch * images.train);
                          return images.valid == 0
                              ? Stream.of(first)
                              : Stream.of(first, Series.of(valid, validation * images.valid));
                        }))
        .toList();
  }
}
