package org.espalier.benchmark;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.espalier.InputException;

/**
 * {@code nas-bench-macro_cifar10.json} as its authors publish it (Su et al. 2021): by architecture,
 * {@code test_acc} of three trainings, {@code params}, {@code flops}. Architectures are numbered in
 * the order of their digits.
 */
final class MacroJson implements TableSource {
  static final int EPOCHS = 50;

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

  private final Path file;
  private final Map<String, JsonNode> rows;

  private MacroJson(Path file, Map<String, JsonNode> rows) {
    this.file = file;
    this.rows = rows;
  }

  static MacroJson open(Path file) {
    JsonNode tree;
    try {
      tree = JSON.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw new InputException(file + " is no whole JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new InputException(file + " cannot be read: " + InputException.reason(e), e);
    }
    Map<String, JsonNode> rows = new TreeMap<>();
    tree.properties().forEach(field -> rows.put(field.getKey(), field.getValue()));
    if (rows.isEmpty()) {
      throw new InputException(
          file + " holds no architectures; NAS-Bench-Macro has {\"00000000\": {\"test_acc\": ..}}");
    }
    rows.keySet().forEach(arch -> TableSpace.NASBENCH_MACRO.parse(file.toString(), arch));
    return new MacroJson(file, rows);
  }

  @Override
  public TableSpace space() {
    return TableSpace.NASBENCH_MACRO;
  }

  @Override
  public int[] codes() {
    return rows.keySet().stream().mapToInt(arch -> space().code(space().parse(arch))).toArray();
  }

  @Override
  public List<String> notes() {
    return List.of("accuracies of %s: three runs, numbered 1 to 3".formatted(file.getFileName()));
  }

  @Override
  public void rows(Rows into) {
    int index = 0;
    for (Map.Entry<String, JsonNode> row : rows.entrySet()) {
      List<Series> series = new ArrayList<>();
      JsonNode runs = row.getValue().path("test_acc");
      if (!runs.isArray() || runs.isEmpty()) {
        throw new InputException(
            "%s: %s lacks a list 'test_acc' of accuracies".formatted(file, row.getKey()));
      }
      for (int run = 1; run <= runs.size(); run++) {
        AccuracyKey key = new AccuracyKey("cifar10", Split.TEST, EPOCHS, run);
        series.add(Series.accuracy(key, number(runs.get(run - 1), "test_acc", row.getKey())));
      }
      for (String name : List.of("params", "flops")) {
        double value = number(row.getValue().path(name), name, row.getKey());
        series.add(
            Series.of(
                name.equals("params") ? Series.parameters("cifar10") : Series.flops("cifar10"),
                value));
      }
      into.row(index++, series);
    }
  }

  private double number(JsonNode node, String name, String arch) {
    if (!node.isNumber()) {
      throw new InputException(
          "%s: '%s' of %s is %s, no number"
              .formatted(
                  file,
                  name,
                  arch,
                  node.isMissingNode() ? "missing" : TableSpace.oneLine(node.toString())));
    }
    return node.asDouble();
  }
}
