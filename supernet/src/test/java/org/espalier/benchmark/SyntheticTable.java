package org.espalier.benchmark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A table of all of NAS-Bench-201 whose figures are a function of the architecture: the more 3x3
 * convolutions, the better, the last edge twice. With curves and seeds, as NATS-Bench has them.
 */
final class SyntheticTable {
  static final double EPOCH_SECONDS = 8;
  static final double VALIDATION_SECONDS = 4;
  private static final int CONV_3X3 = 3;

  private SyntheticTable() {}

  static double accuracy(int[] choices) {
    double sum = 10;
    for (int i = 0; i < choices.length; i++) {
      int distance = Math.abs(choices[i] - CONV_3X3);
      sum += (i == choices.length - 1 ? 20 : 10) - 3 * distance;
    }
    return sum;
  }

  /** The most that an architecture has. */
  static double best() {
    return accuracy(new int[] {3, 3, 3, 3, 3, 3});
  }

  static TabularBenchmark write(Path file) throws IOException {
    TableSpace space = TableSpace.NASBENCH201;
    int[] codes = IntStream.range(0, space.size()).toArray();
    try (TableFile.Writer writer = new TableFile.Writer(file, space, codes)) {
      for (int code : codes) {
        writer.row(code, row(accuracy(space.digits(code)), code));
      }
      writer.finish(List.of("made up"));
    }
    return TabularBenchmark.open(file);
  }

  private static List<Series> row(double accuracy, int code) {
    List<Series> row = new ArrayList<>();
    for (int seed : code % 3 == 0 ? new int[] {777} : new int[] {777, 888}) {
      float[] curve = new float[12];
      for (int epoch = 1; epoch <= 12; epoch++) {
        curve[epoch - 1] = (float) (accuracy * epoch / 12);
      }
      AccuracyKey valid = new AccuracyKey("cifar10-valid", Split.VALID, 12, seed);
      row.add(new Series(valid.column(), 1, curve));
      row.add(
          Series.accuracy(
              new AccuracyKey("cifar10", Split.TEST, 200, seed), accuracy + (seed == 777 ? 1 : 3)));
    }
    row.add(Series.of(Series.trainSeconds("cifar10-valid", 12), EPOCH_SECONDS));
    row.add(Series.of(Series.validSeconds("cifar10-valid", 12), VALIDATION_SECONDS));
    return row;
  }
}
