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
 * <p>The three numbers are solved from three records of NATS-Bench v1.0, of which no more are
 * needed: architectures 0, 11 and 284 on {@code cifar10-valid}, an epoch of 25,000 images and a
 * validation of as many. Three records for three numbers leave nothing to check the formula with:
 * take what depends on it as good to about a fifth.
 */
final class TrainingTime {
  static final String NOTE =
      "times are estimated from those of three architectures of NATS-Bench (0, 11 and 284): no"
          + " clock ran for the others";

  /** {@code NATS-tss-v1_0-3ffb9-simple}: {@code train_times} and {@code eval_times}. */
  static final List<Measured> MEASURED =
      List.of(
          new Measured(
              "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|"
                  + "+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
              7.221092998981476,
              2.5489792369660877),
          new Measured(
              "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|"
                  + "+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|",
              12.462056795756022,
              4.151251713434855),
          new Measured(
              "|skip_connect~0|+|skip_connect~0|skip_connect~1|"
                  + "+|none~0|nor_conv_1x1~1|none~2|",
              4.875794370969136,
              2.389493485291799));

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

  /** What a record says, in seconds for 25,000 images. */
  record Measured(String architecture, double epoch, double validation) {}

  private static final double[] EPOCH = solve(true);
  private static final double[] VALIDATION = solve(false);

  private TrainingTime() {}

  /** Times of an architecture by its choices, for all data sets, after schedules of 12 and 200. */
  static List<Series> series(int[] choices) {
    double epoch = seconds(EPOCH, choices) / MEASURED_IMAGES;
    double validation = seconds(VALIDATION, choices) / MEASURED_IMAGES;
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

  private static double seconds(double[] weights, int[] choices) {
    double[] features = features(choices);
    double sum = 0;
    for (int i = 0; i < features.length; i++) {
      sum += weights[i] * features[i];
    }
    return sum;
  }

  private static double[] features(int[] choices) {
    double computing = 0;
    double wide = 0;
    for (int choice : choices) {
      computing += choice == NOR_CONV_1X1 || choice == NOR_CONV_3X3 || choice == AVG_POOL ? 1 : 0;
      wide += choice == NOR_CONV_3X3 ? 1 : 0;
    }
    return new double[] {1, computing, wide};
  }

  /** Gauss' elimination of three equations; their order needs no pivoting. */
  private static double[] solve(boolean epoch) {
    int n = MEASURED.size();
    double[][] a = new double[n][];
    double[] b = new double[n];
    for (int i = 0; i < n; i++) {
      a[i] = features(TableSpace.NASBENCH201.parse(MEASURED.get(i).architecture));
      b[i] = epoch ? MEASURED.get(i).epoch : MEASURED.get(i).validation;
    }
    for (int k = 0; k < n; k++) {
      for (int i = k + 1; i < n; i++) {
        double factor = a[i][k] / a[k][k];
        for (int j = k; j < n; j++) {
          a[i][j] -= factor * a[k][j];
        }
        b[i] -= factor * b[k];
      }
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int j = i + 1; j < n; j++) {
        b[i] -= a[i][j] * b[j];
      }
      b[i] /= a[i][i];
    }
    return b;
  }
}
