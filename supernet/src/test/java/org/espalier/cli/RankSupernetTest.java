package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code espalier rank TABLE --supernet DIR}, small: a search, a table, and both put together. */
class RankSupernetTest {
  private static final List<String> OPS =
      List.of("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3");

  @TempDir Path temp;
  private String run = "";
  private String table = "";

  @BeforeEach
  void searchAndTable() throws IOException {
    run = temp.resolve("run").toString();
    StringBuilder csv = new StringBuilder("index,arch,params_c10,c10_test200,c100_test200\n");
    for (int i = 0; i < 25; i++) {
      String first = OPS.get(i % 5);
      String last = OPS.get(i / 5);
      csv.append(i)
          .append(
              ",|%s~0|+|nor_conv_3x3~0|none~1|+|none~0|skip_connect~1|%s~2|".formatted(first, last))
          .append(",%d,%s,%d\n".formatted(1000 + i, i == 7 ? "" : String.valueOf(50 + i), 60 - i));
    }
    table = table("nb201", csv.toString());
  }

  private String table(String name, String csv) throws IOException {
    Path source = Files.writeString(temp.resolve(name + ".csv"), csv);
    String target = temp.resolve(name + ".table").toString();
    Called.with("table", "convert", source.toString(), "-o", target).succeeded();
    return target;
  }

  private void search(String... more) {
    String data = TinyData.write(temp.resolve("images"));
    List<String> all =
        new ArrayList<>(List.of("--data", data, "--out", run, "--set", "contenders=0"));
    all.addAll(List.of(more));
    Called.search(all.toArray(String[]::new)).succeeded();
  }

  @Test
  void aTrainedSupernetRanksASampleOfTheTable() {
    search("--strategy", "gdas");
    Path scores = temp.resolve("scores.csv");
    Path report = temp.resolve("rank.html");
    Called rank =
        Called.with(
            "rank",
            table,
            "--supernet",
            run,
            "--architectures",
            "12",
            "--batches",
            "1",
            "--save",
            scores.toString(),
            "-o",
            report.toString());
    rank.succeeded();
    assertThat(rank.out())
        .contains("gdas on nasbench201, idx:", "12 architectures drawn with seed 0")
        .contains("each on 1 validation batches, batch-norm statistics of each batch")
        .containsPattern("architectures +12 *\n")
        .containsPattern("tau-b of parameters +1.000");
    assertThat(report).content().contains("accuracy with shared weights", "gdas on nasbench201");
    Called again = Called.with("rank", table, "--scores", scores.toString());
    again.succeeded();
    assertThat(again.out().lines().filter(line -> line.startsWith("Kendall")).toList())
        .as("the scores that were saved rank as they did")
        .isNotEmpty()
        .allMatch(rank.out()::contains);
    Called all =
        Called.with("rank", table, "--supernet", run, "--batches", "1", "--calibration", "1");
    all.succeeded();
    assertThat(all.out())
        .as("one of the 25 has no accuracy")
        .contains("24 architectures drawn", "taken anew for each from 1 training batches");
  }

  @Test
  void whatDoesNotGoTogetherIsRefused() throws IOException {
    Called.with("rank", table, "--supernet", run).refused("has no config.yaml");
    search("--strategy", "random");
    String macro = table("macro", "arch,acc1,acc2,acc3,params,flops\n00000000,1,2,3,4,5\n");
    Called.with("rank", macro, "--supernet", run)
        .refused("searched nasbench201; the table has architectures of nasbench-macro");
    Called.with("rank", table, "--supernet", run, "--architectures", "1")
        .refused("--architectures 1");
    Called.with("rank", table, "--supernet", run, "--dataset", "svhn").refused("accuracy/svhn");
    Called.with("rank", table, "--supernet", run, "--by", "parameters/cifar10")
        .refused("expected only one match but got");
    Called.with("rank", table, "--architectures", "5").refused("--supernet");
    Files.delete(temp.resolve("run/supernet.safetensors"));
    Called.with("rank", table, "--supernet", run).refused("has no supernet.safetensors");
  }
}
