package org.espalier.benchmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntConsumer;
import org.espalier.InputException;
import org.espalier.checkpoint.AtomicFile;
import org.jspecify.annotations.Nullable;

/**
 * Makes the file that {@link TabularBenchmark} opens of what the authors of benchmarks publish: a
 * folder of NATS-Bench, the pickle of HW-NAS-Bench, the JSON of NAS-Bench-Macro, CSV files. Several
 * may be joined, such as accuracies and latencies: where two tell the same figure, the folder's
 * counts, then the first's. Rows go from the folder to the file one by one, so that memory does not
 * grow with the table.
 */
public final class TableConversion {
  private final TableSource main;
  private final TableSpace space;
  private final int[] codes;
  private final List<TableSource> others;
  private boolean estimated;

  private TableConversion(TableSource main, TableSpace space, List<TableSource> others) {
    this.main = main;
    this.space = space;
    this.codes = main.codes();
    this.others = others;
  }

  /**
   * Converts.
   *
   * @param sources folders and files, the order of which matters where they disagree
   * @param target written whole or not at all
   * @param progress told the number of rows so far
   * @return how many architectures got figures
   * @throws InputException if something cannot be used, naming it; no file is left behind
   */
  public static int convert(List<Path> sources, Path target, IntConsumer progress) {
    List<TableSource> opened =
        new ArrayList<>(sources.stream().map(TableConversion::open).toList());
    TableSource main =
        opened.stream()
            .filter(source -> source instanceof NatsFolder)
            .findFirst()
            .or(() -> opened.stream().filter(source -> source.space() != null).findFirst())
            .orElseThrow(
                () ->
                    new InputException(
                        "%s names no architectures; a table of accuracies is wanted beside it"
                            .formatted(sources.getFirst())));
    TableSpace space = main.space();
    if (space == null) {
      throw new IllegalStateException("a main source without a space");
    }
    opened.remove(main);
    TableConversion conversion = new TableConversion(main, space, opened);
    return conversion.write(target, progress);
  }

  private static TableSource open(Path source) {
    if (Files.isDirectory(source)) {
      return NatsFolder.open(source);
    }
    if (!Files.exists(source)) {
      throw new InputException(source + ": no such file or folder");
    }
    if (source.toString().endsWith(NatsFolder.SUFFIX)) {
      throw new InputException(
          source
              + " is one record; the folder that it lies in is wanted, with its meta"
              + NatsFolder.SUFFIX);
    }
    if (source.toString().endsWith(HwNasBench.SUFFIX)) {
      return HwNasBench.open(source);
    }
    return source.toString().endsWith(".json") ? MacroJson.open(source) : CsvTable.open(source);
  }

  private int write(Path target, IntConsumer progress) {
    Map<Integer, List<Series>> more = new HashMap<>();
    others.forEach(source -> collect(source, more));
    int[] rows = {0};
    AtomicFile.write(
        target,
        temporary -> {
          try (TableFile.Writer writer = new TableFile.Writer(temporary, space, codes)) {
            main.rows(
                (index, series) -> {
                  row(writer, index, series, more.remove(index));
                  progress.accept(++rows[0]);
                });
            for (Map.Entry<Integer, List<Series>> rest : more.entrySet()) {
              row(writer, rest.getKey(), rest.getValue(), null);
              progress.accept(++rows[0]);
            }
            writer.finish(notes());
          } catch (UncheckedIOException e) {
            throw Objects.requireNonNull(e.getCause());
          }
        });
    return rows[0];
  }

  private void row(
      TableFile.Writer writer, int index, List<Series> first, @Nullable List<Series> second) {
    Map<String, Series> row = new LinkedHashMap<>();
    first.forEach(series -> row.putIfAbsent(series.column(), series));
    if (second != null) {
      second.forEach(series -> row.putIfAbsent(series.column(), series));
    }
    if (space == TableSpace.NASBENCH201
        && row.keySet().stream().noneMatch(column -> column.startsWith("seconds/"))) {
      estimated = true;
      TrainingTime.series(space.digits(codes[index]))
          .forEach(series -> row.put(series.column(), series));
    }
    try {
      writer.row(index, List.copyOf(row.values()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> notes() {
    List<String> notes = new ArrayList<>(main.notes());
    others.forEach(source -> notes.addAll(source.notes()));
    if (estimated) {
      notes.add(TrainingTime.NOTE);
    }
    return notes;
  }

  /** Puts the rows of a source where the main source has that architecture. */
  private void collect(TableSource source, Map<Integer, List<Series>> rows) {
    int[] places;
    if (source.space() == null) {
      places = null;
    } else if (source.space() == space) {
      int[] byCode = new int[space.size()];
      Arrays.fill(byCode, -1);
      for (int i = 0; i < codes.length; i++) {
        byCode[codes[i]] = i;
      }
      places = Arrays.stream(source.codes()).map(code -> byCode[code]).toArray();
    } else {
      throw new InputException(
          "sources of different spaces cannot be joined: %s and %s"
              .formatted(main.notes().getFirst(), source.notes().getFirst()));
    }
    int[] count = {0};
    source.rows(
        (index, series) -> {
          count[0]++;
          int place = places == null ? index : places[index];
          if (place >= 0 && place < codes.length) {
            rows.computeIfAbsent(place, key -> new ArrayList<>()).addAll(series);
          }
        });
    if (places == null && count[0] != codes.length) {
      throw new InputException(
          "%s: %,d lines for %,d architectures"
              .formatted(source.notes().getFirst(), count[0], codes.length));
    }
  }
}
