package org.espalier.benchmark;

import static org.espalier.benchmark.AccuracyKey.MEAN;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;
import org.espalier.InputException;
import org.jspecify.annotations.Nullable;

/**
 * The CSV forms of the tables: NAS-Bench-201 (columns {@code index, arch, c10_test200, ..}),
 * NAS-Bench-Macro ({@code arch, acc1, acc2, acc3, ..}), and latencies of HW-NAS-Bench by the number
 * of the architecture ({@code index, raspi4, ..}).
 */
final class CsvTable implements TableSource {
  private static final List<Integer> SEEDS = List.of(777, 888, 999);

  private final CsvFile csv;
  private final @Nullable TableSpace space;
  private final int[] codes;
  private final List<Reading> readings;
  private final List<String> notes;

  /** A column of the file, and what its numbers are. */
  private record Reading(String name, DoubleFunction<Series> series) {}

  private CsvTable(
      CsvFile csv,
      @Nullable TableSpace space,
      int[] codes,
      List<Reading> readings,
      List<String> notes) {
    this.csv = csv;
    this.space = space;
    this.codes = codes;
    this.readings = readings;
    this.notes = notes;
  }

  static CsvTable open(Path file) {
    CsvFile csv = CsvFile.read(file);
    if (csv.has("arch") && csv.has("c10_test200")) {
      return nasBench201(csv);
    }
    if (csv.has("arch") && csv.has("acc1")) {
      return macro(csv);
    }
    if (csv.has("index") && !csv.has("arch")) {
      return latencies(csv);
    }
    throw new InputException(
        "%s is no table that is known: its columns are %s; wanted are those of NAS-Bench-201 (arch,"
                .formatted(file, String.join(", ", csv.names()))
            + " c10_test200, ..), NAS-Bench-Macro (arch, acc1, ..) or latencies (index, and a"
            + " column for each device)");
  }

  private static CsvTable nasBench201(CsvFile csv) {
    List<Reading> readings = new ArrayList<>();
    readings.add(new Reading("params_c10", v -> Series.of(Series.parameters("cifar10"), v)));
    readings.add(new Reading("flops_c10", v -> Series.of(Series.flops("cifar10"), v)));
    accuracy(readings, "c10_test200", "cifar10", Split.TEST, 200, MEAN);
    accuracy(readings, "c100_test200", "cifar100", Split.TEST, 200, MEAN);
    accuracy(readings, "in16_test200", "ImageNet16-120", Split.TEST, 200, MEAN);
    for (int s = 0; s < SEEDS.size(); s++) {
      accuracy(readings, "c10_test200_s" + s, "cifar10", Split.TEST, 200, SEEDS.get(s));
    }
    accuracy(readings, "c10valid_test200", "cifar10-valid", Split.TEST, 200, MEAN);
    accuracy(readings, "c10_test12", "cifar10", Split.TEST, 12, MEAN);
    accuracy(readings, "c10_val12", "cifar10-valid", Split.VALID, 12, MEAN);
    accuracy(readings, "c100_test12", "cifar100", Split.TEST, 12, MEAN);
    accuracy(readings, "c100_val12", "cifar100", Split.VALID, 12, MEAN);
    accuracy(readings, "in16_test12", "ImageNet16-120", Split.TEST, 12, MEAN);
    accuracy(readings, "in16_val12", "ImageNet16-120", Split.VALID, 12, MEAN);
    return table(
        csv,
        TableSpace.NASBENCH201,
        readings,
        "accuracies of %s: means over the seeds there are; no validation accuracy after 200 epochs"
            .formatted(csv.file().getFileName()));
  }

  private static CsvTable macro(CsvFile csv) {
    List<Reading> readings = new ArrayList<>();
    readings.add(new Reading("params", v -> Series.of(Series.parameters("cifar10"), v)));
    readings.add(new Reading("flops", v -> Series.of(Series.flops("cifar10"), v)));
    for (int run = 1; run <= 3; run++) {
      accuracy(readings, "acc" + run, "cifar10", Split.TEST, MacroJson.EPOCHS, run);
    }
    return table(
        csv,
        TableSpace.NASBENCH_MACRO,
        readings,
        "accuracies of %s: three runs, numbered 1 to 3".formatted(csv.file().getFileName()));
  }

  private static void accuracy(
      List<Reading> readings, String name, String dataset, Split split, int epochs, int seed) {
    AccuracyKey key = new AccuracyKey(dataset, split, epochs, seed);
    readings.add(new Reading(name, value -> Series.accuracy(key, value)));
  }

  private static CsvTable table(
      CsvFile csv, TableSpace space, List<Reading> readings, String note) {
    int arch = csv.column("arch");
    int[] codes = new int[csv.rows().size()];
    boolean[] seen = new boolean[space.size()];
    for (int r = 0; r < codes.length; r++) {
      codes[r] = space.code(space.parse(csv.place(r), csv.text(r, arch)));
      if (seen[codes[r]]) {
        throw new InputException(csv.place(r) + " has " + csv.text(r, arch) + " a second time");
      }
      seen[codes[r]] = true;
    }
    if (csv.has("index")) {
      numbered(csv);
    }
    return new CsvTable(
        csv,
        space,
        codes,
        readings.stream().filter(reading -> csv.has(reading.name)).toList(),
        List.of(note));
  }

  private static CsvTable latencies(CsvFile csv) {
    numbered(csv);
    List<Reading> readings =
        csv.names().stream()
            .filter(name -> !name.equals("index"))
            .map(name -> new Reading(name, v -> Series.of(Series.latency(name), v)))
            .toList();
    return new CsvTable(
        csv,
        null,
        new int[0],
        readings,
        List.of("latencies of " + csv.file().getFileName() + ", in milliseconds"));
  }

  /** Numbers are those of the benchmark's authors, so lines must be complete and in order. */
  private static void numbered(CsvFile csv) {
    int index = csv.column("index");
    for (int r = 0; r < csv.rows().size(); r++) {
      if (csv.number(r, index) != r) {
        throw new InputException(
            "%s has index %s, %d is wanted: lines must be in order and complete"
                .formatted(csv.place(r), csv.text(r, index), r));
      }
    }
  }

  @Override
  public @Nullable TableSpace space() {
    return space;
  }

  @Override
  public int[] codes() {
    return codes;
  }

  @Override
  public List<String> notes() {
    return notes;
  }

  @Override
  public void rows(Rows rows) {
    int[] columns = readings.stream().mapToInt(reading -> csv.column(reading.name)).toArray();
    for (int r = 0; r < csv.rows().size(); r++) {
      List<Series> series = new ArrayList<>();
      for (int c = 0; c < columns.length; c++) {
        double value = csv.number(r, columns[c]);
        if (!Double.isNaN(value)) {
          Reading reading = readings.get(c);
          series.add(reading.series.apply(value));
        }
      }
      rows.row(r, series);
    }
  }
}
