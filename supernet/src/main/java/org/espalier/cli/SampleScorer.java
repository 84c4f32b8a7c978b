package org.espalier.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.espalier.benchmark.TabularBenchmark;
import org.espalier.search.MemoryLimit;
import org.jspecify.annotations.Nullable;

/** Scores the architectures of a sample. */
interface SampleScorer extends AutoCloseable {
  /**
   * Where it computes, and on what.
   *
   * @param table the file of the table
   * @param data null: its own default
   * @param limit of what it may need of memory
   */
  record Place(Path table, @Nullable String data, String device, int threads, MemoryLimit limit) {}

  /**
   * What was measured of an architecture.
   *
   * @param values by column
   * @param loss mean over the images; NaN: there is none
   * @param accuracy share of right answers; NaN: there is none
   */
  record Measured(Map<String, Double> values, double loss, double accuracy, long images) {}

  /** The options that say which one is wanted. */
  interface Options {
    /** What the scores are. */
    String name();

    /**
     * Opens it.
     *
     * @throws org.espalier.InputException if it cannot be, or is none for the table's space
     */
    SampleScorer open(TabularBenchmark table, Place place);
  }

  /** What it measures, with all that the values follow from; without commas. */
  List<String> columns();

  /** Where these are kept, unless another place is named. */
  Path file();

  /** How the scores are made, in lines. */
  List<String> notes();

  /** What it takes of a device's memory, in lines; none of the heap. */
  List<String> memory();

  /** Measures one. */
  Measured measure(String architecture);

  /**
   * The scores of a sample, larger is better; NaN where there is none.
   *
   * @param measured values by column, of each architecture
   */
  double[] scores(List<Map<String, Double>> measured);

  @Override
  void close();
}
