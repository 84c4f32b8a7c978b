package org.espalier.benchmark;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * One figure of all architectures, read where the file is mapped: a look-up costs nanoseconds and
 * allocates nothing. Usable by many threads.
 */
public final class Column {
  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT.withOrder(TableFile.ORDER);

  private static final int LAST = Integer.MAX_VALUE;

  private final TableFile table;
  private final List<Places> parts;

  /**
   * Where its values are.
   *
   * @param offsets by layout, in bytes from the row's start; -1 where rows of that layout lack it
   */
  record Places(int[] offsets, int[] firsts, int[] counts) {}

  /** A column that is the mean of parts, each a column of the file. */
  Column(TableFile table, List<Places> parts) {
    this.table = table;
    this.parts = List.copyOf(parts);
  }

  /** The value of an architecture, the last where there is one for each epoch; NaN if missing. */
  public double at(int index) {
    return mean(index, LAST);
  }

  /** The value after that many epochs; NaN if missing. */
  public double at(int index, int epoch) {
    return mean(index, epoch);
  }

  private double mean(int index, int epoch) {
    int layout = table.layout(index);
    if (layout < 0) {
      return Double.NaN;
    }
    double sum = 0;
    int present = 0;
    for (int p = 0; p < parts.size(); p++) {
      double value = value(parts.get(p), layout, index, epoch);
      if (!Double.isNaN(value)) {
        sum += value;
        present++;
      }
    }
    return present == 0 ? Double.NaN : sum / present;
  }

  private double value(Places places, int layout, int index, int epoch) {
    int offset = places.offsets[layout];
    if (offset < 0) {
      return Double.NaN;
    }
    MemorySegment memory = table.memory();
    long at = table.row(index) + offset;
    if (places.firsts[layout] == Series.NO_EPOCHS) {
      return epoch == LAST
          ? (double) memory.get(FLOAT, at) + memory.get(FLOAT, at + Float.BYTES)
          : Double.NaN;
    }
    int last = places.counts[layout] - 1;
    int step = epoch == LAST ? last : epoch - places.firsts[layout];
    return step < 0 || step > last ? Double.NaN : memory.get(FLOAT, at + (long) step * Float.BYTES);
  }

  /** All values, by index. */
  public double[] values() {
    double[] values = new double[table.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = at(i);
    }
    return values;
  }
}
