package org.espalier.benchmark;

import java.util.Arrays;
import java.util.Optional;

/**
 * Which accuracy: NATS-Bench trains each architecture by several schedules (12 and 200 epochs in
 * the topology space; 1, 12 and 90 in the size space), with several seeds. The accuracy after 12 of
 * 200 epochs is another than that at the end of a schedule of 12.
 *
 * @param dataset {@code cifar10-valid} is CIFAR-10 trained on one half, validated on the other
 * @param split the images
 * @param schedule epochs of the whole training
 * @param seed of the training, or {@link #MEAN}
 */
public record AccuracyKey(String dataset, Split split, int schedule, int seed) {
  /** In place of a seed: the mean over all there are. */
  public static final int MEAN = -1;

  private static final String PREFIX = "accuracy/";

  /** The name of the column in a table. */
  String column() {
    return PREFIX
        + String.join(
            "/", dataset, split.id(), "" + schedule, seed == MEAN ? "mean" : String.valueOf(seed));
  }

  static Optional<AccuracyKey> parse(String column) {
    String[] parts = column.split("/", -1);
    if (!column.startsWith(PREFIX) || parts.length != 5) {
      return Optional.empty();
    }
    return Arrays.stream(Split.values())
        .filter(split -> split.id().equals(parts[2]))
        .findFirst()
        .map(
            split ->
                new AccuracyKey(
                    parts[1],
                    split,
                    Integer.parseInt(parts[3]),
                    parts[4].equals("mean") ? MEAN : Integer.parseInt(parts[4])));
  }
}
