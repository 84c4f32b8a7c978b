package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
        .contains("each architecture on 1 validation batches, batch-norm statistics of each batch")
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

  private String[] ranking(String... more) {
    List<String> all = new ArrayList<>(List.of("rank", table, "--supernet", run));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  /** As Ctrl-C does it, but with a signal that no parent process can have switched off. */
  @Test
  void aTerminatedProcessKeepsItsScoresAndTheSameCommandGoesOn() throws Exception {
    search("--strategy", "random");
    Path kept = temp.resolve("run/scores-60-0.csv");
    String[] command = ranking("--batches", "60", "--calibration", "0");
    Process process = ResumeTest.espalier(command);
    try {
      while (process.isAlive() && lines(kept) < 4) {
        Thread.sleep(5);
      }
      process.toHandle().destroy(); // its streams stay open
      String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(ResumeTest.TERMINATED);
      assertThat(err)
          .contains(
              "espalier: stopped; %d of 24 scores are kept in %s; the same command goes on from there\n"
                  .formatted(lines(kept) - 1, kept));
    } finally {
      process.destroyForcibly();
    }
    assertThat(lines(kept)).isBetween(4L, 24L);
    Called again = Called.with(command);
    again.succeeded();
    assertThat(again.out()).contains("scoring continues in epoch 1, step ");
    Path whole = temp.resolve("whole.csv");
    Called atOnce = Called.with(ranking("--batches", "60", "--save", whole.toString()));
    atOnce.succeeded();
    assertThat(kept).hasSameBinaryContentAs(whole);
    assertThat(statistics(again)).isNotEmpty().isEqualTo(statistics(atOnce));
  }

  private static long lines(Path file) throws IOException {
    return Files.exists(file) ? Files.readString(file).lines().count() : 0;
  }

  private static List<String> statistics(Called called) {
    return called.out().lines().dropWhile(line -> !line.startsWith("architectures")).toList();
  }

  @Test
  void whatIsKeptServesALargerSampleAndAnother() throws IOException {
    search("--strategy", "random");
    Path kept = temp.resolve("run/scores-1-2.csv");
    String[] twelve = ranking("--batches", "1", "--calibration", "2", "--architectures", "12");
    Called.with(twelve).succeeded();
    String first = Files.readString(kept);
    assertThat(first.lines()).hasSize(1 + 12);
    Called.with(twelve).succeeded();
    assertThat(kept).hasContent(first);
    Called.with(ranking("--batches", "1", "--calibration", "2", "--seed", "5")).succeeded();
    assertThat(Files.readString(kept)).startsWith(first);
    assertThat(Files.readString(kept).lines()).hasSize(1 + 24);
  }

  @Test
  void scoresOfAnotherSupernetOrProtocolAreRefused() throws IOException {
    search("--strategy", "random");
    Path scores = temp.resolve("scores.csv");
    String[] save = {"--batches", "1", "--save", scores.toString()};
    Called.with(ranking(save)).succeeded();
    String kept = Files.readString(scores);
    assertThat(kept).containsPattern("^arch,accuracy of supernet [0-9a-f]{8} and images [0-9a-f]");
    Called.with(ranking("--batches", "2", "--save", scores.toString()))
        .refused("1 batches; calibration 0", "2 batches; calibration 0", "name another file");
    run = temp.resolve("other").toString();
    search("--strategy", "random", "--seed", "1");
    Called.with(ranking(save))
        .refused(scores + " has other scores, of the columns 'arch,accuracy of supernet ");
    assertThat(scores).hasContent(kept);
  }

  @Test
  void whatDoesNotFitIsRefusedBeforeItStarts() {
    search("--strategy", "random");
    Called.with(ranking("--memory-limit", "100k"))
        .refused(
            "scoring needs ",
            " MiB at the search's batch 16, more than the 0.1 MiB that --memory-limit allows: allow"
                + " more");
    Called.with(ranking("--memory-limit", "much")).refused("memory limit 'much' is no size");
    assertThat(temp.resolve("run")).isDirectoryNotContaining("glob:**scores*");
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
