package org.espalier.benchmark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.espalier.InputException;

/**
 * A table of architectures that others have trained: NAS-Bench-201 and NATS-Bench (Dong and Yang
 * 2020; Dong et al. 2021), NAS-Bench-Macro (Su et al. 2021). Opening maps the file that {@link
 * TableConversion} made and takes milliseconds; a look-up takes nanoseconds. Usable by many
 * threads.
 */
public final class TabularBenchmark {
  private final TableFile file;
  private final int[] indexes;

  private TabularBenchmark(TableFile file) {
    this.file = file;
    indexes = new int[space().size()];
    Arrays.fill(indexes, -1);
    for (int i = 0; i < file.size(); i++) {
      indexes[file.code(i)] = i;
    }
  }

  /**
   * Opens a converted table.
   *
   * @throws InputException if the file is not one, or not whole
   */
  public static TabularBenchmark open(Path file) {
    return new TabularBenchmark(TableFile.open(file));
  }

  /** What its architectures are of. */
  public TableSpace space() {
    return file.header().space();
  }

  /** Where the figures are from, and what has been made of them. */
  public List<String> notes() {
    return file.header().notes();
  }

  /** How many architectures are numbered; not each must have figures. */
  public int size() {
    return file.size();
  }

  /** Whether there are figures of an architecture. */
  public boolean has(int index) {
    return file.layout(index) >= 0;
  }

  /** How many architectures have figures. */
  public int count() {
    int count = 0;
    for (int i = 0; i < size(); i++) {
      count += has(i) ? 1 : 0;
    }
    return count;
  }

  /** The number that the benchmark's authors gave an architecture, by its choices. */
  public int index(int[] choices) {
    return indexes[space().code(choices)];
  }

  /**
   * The number that the benchmark's authors gave an architecture.
   *
   * @throws InputException if the text is none, or the table has no figures of it
   */
  public int index(String architecture) {
    int index = index(space().parse(architecture));
    if (index < 0 || !has(index)) {
      throw new InputException(
          "the table has no figures of %s; it has %,d architectures"
              .formatted(TableSpace.oneLine(architecture), count()));
    }
    return index;
  }

  /** An architecture as the benchmark's authors write it. */
  public String architecture(int index) {
    return space().format(choices(index));
  }

  /** The choices that an architecture consists of. */
  public int[] choices(int index) {
    return space().digits(file.code(index));
  }

  /** Names of all columns. */
  public Set<String> columns() {
    Set<String> columns = new LinkedHashSet<>();
    file.header()
        .layouts()
        .forEach(layout -> layout.places().forEach(place -> columns.add(place.column())));
    return columns;
  }

  /** All accuracies that there are, of single seeds and means. */
  public List<AccuracyKey> accuracies() {
    return columns().stream().flatMap(column -> AccuracyKey.parse(column).stream()).toList();
  }

  /**
   * An accuracy, in percent.
   *
   * @throws InputException naming what there is instead
   */
  public Column accuracy(AccuracyKey key) {
    if (key.seed() == AccuracyKey.MEAN && !columns().contains(key.column())) {
      List<Column.Places> runs = runs(key).stream().map(seed -> places(seed.column())).toList();
      if (!runs.isEmpty()) {
        return new Column(file, runs);
      }
    }
    return column(key.column());
  }

  /** The single runs that an accuracy is a mean of; none where the table has only the mean. */
  public List<AccuracyKey> runs(AccuracyKey key) {
    return accuracies().stream()
        .filter(
            a ->
                a.seed() != AccuracyKey.MEAN
                    && a.dataset().equals(key.dataset())
                    && a.split() == key.split()
                    && a.schedule() == key.schedule())
        .toList();
  }

  /**
   * Trainable parameters.
   *
   * @throws InputException if there are none for that data set, naming what there is
   */
  public Column parameters(String dataset) {
    return column(Series.parameters(dataset));
  }

  /**
   * Multiply-adds of an image, forward.
   *
   * @throws InputException if there are none for that data set, naming what there is
   */
  public Column flops(String dataset) {
    return column(Series.flops(dataset));
  }

  /**
   * Latency in milliseconds.
   *
   * @throws InputException if there is none on that device, naming what there is
   */
  public Column latency(String device) {
    return column(Series.latency(device));
  }

  /**
   * What trying an architecture costs.
   *
   * @param dataset of {@code cifar10-valid}, {@code cifar100} and so on
   * @param schedule epochs of the whole training, which the authors' clocks may depend on
   * @throws InputException if the table has no times
   */
  public TrainingCost cost(String dataset, int schedule) {
    return new TrainingCost(
        column(Series.trainSeconds(dataset, schedule)),
        column(Series.validSeconds(dataset, schedule)));
  }

  /**
   * A column by its name.
   *
   * @throws InputException naming those there are
   */
  public Column column(String name) {
    if (!columns().contains(name)) {
      throw new InputException(
          "the table has no %s; it has %s".formatted(TableSpace.oneLine(name), alternatives(name)));
    }
    return new Column(file, List.of(places(name)));
  }

  /** Of the same kind, where there are any. */
  private String alternatives(String name) {
    String kind = name.substring(0, name.indexOf('/') + 1);
    Set<String> same =
        columns().stream()
            .filter(c -> c.startsWith(kind))
            .collect(Collectors.toCollection(TreeSet::new));
    return String.join(", ", same.isEmpty() ? new TreeSet<>(columns()) : same);
  }

  private Column.Places places(String name) {
    List<TableHeader.Layout> layouts = file.header().layouts();
    int[] offsets = new int[layouts.size()];
    int[] firsts = new int[offsets.length];
    int[] counts = new int[offsets.length];
    Arrays.fill(offsets, -1);
    for (int i = 0; i < offsets.length; i++) {
      for (TableHeader.Place place : layouts.get(i).places()) {
        if (place.column().equals(name)) {
          offsets[i] = place.offset();
          firsts[i] = place.first();
          counts[i] = place.count();
        }
      }
    }
    return new Column.Places(offsets, firsts, counts);
  }

  /** Names and values of all that is known of an architecture, the last of several epochs. */
  public List<Figure> figures(int index) {
    List<Figure> figures = new ArrayList<>();
    for (TableHeader.Place place : file.header().layouts().get(file.layout(index)).places()) {
      figures.add(
          new Figure(
              place.column(),
              place.first(),
              place.first() == Series.NO_EPOCHS ? 0 : place.first() + place.count() - 1,
              column(place.column()).at(index)));
    }
    return figures;
  }

  /**
   * A value of an architecture.
   *
   * @param firstEpoch 0 where there are no epochs
   * @param lastEpoch whose the value is
   */
  public record Figure(String column, int firstEpoch, int lastEpoch, double value) {}
}
