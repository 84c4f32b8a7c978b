package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job, small: search, train what was found, read the results. */
class SearchCommandTest {
  @TempDir Path temp;

  @Test
  void searchesTrainsAndReportsAndTrainsAgainWhatItFound() throws Exception {
    String data = TinyData.write(temp.resolve("images"));
    Path run = temp.resolve("deep/run");
    Called search = Called.search("--data", data, "--out", run.toString());
    search.succeeded();
    assertThat(search.out())
        .as("configuration, epochs, result")
        .startsWith("space: \"nasbench201\"")
        .contains("epochs: 2")
        .contains("device ")
        .contains("search 1/2  train ")
        .contains("search 2/2  train ")
        .contains("training found 1/1  train ")
        .contains("training random 1 1/1  train ")
        .contains("test accuracy")
        .contains("\nfound ")
        .contains("\nrandom 1 ")
        .endsWith(run.resolve("report.html") + "\n");
    assertThat(run.resolve("config.yaml")).content().contains("data: \"" + data);
    assertThat(Files.readAllLines(run.resolve("metrics.jsonl")))
        .as("two epochs and two trainings")
        .hasSize(4);
    assertThat(run.resolve("checkpoint")).isNotEmptyFile();
    assertThat(run.resolve("report.html")).content().contains("<svg");
    Path genotype = run.resolve("genotype.json");
    String found =
        Files.readString(genotype).replaceAll("(?s).*\"genotype\" : \"([^\"]*)\".*", "$1");
    assertThat(search.out()).contains(found);

    Path trained = temp.resolve("trained");
    Called train =
        Called.with(
            "train",
            genotype.toString(),
            "--data",
            data,
            "--out",
            trained.toString(),
            "--epochs",
            "2",
            "--batch",
            "16",
            "--channels",
            "2");
    train.succeeded();
    assertThat(train.out())
        .contains(found)
        .contains("2/2  train ")
        .contains("test accuracy")
        .contains(trained.toString());
    assertThat(Files.readAllLines(trained.resolve("metrics.jsonl"))).hasSize(2);
    assertThat(trained.resolve("genotype.json")).hasSameTextualContentAs(genotype);

    Called.with("train", "--resume", trained.toString()).succeeded();
  }

  @Test
  void optionsReachTheSettingsAndSettingsWinOverOptions() throws Exception {
    String data = TinyData.write(temp.resolve("images"));
    Path file =
        Files.writeString(
            temp.resolve("my.yaml"), "strategy: gdas\nseed: 5\nsearch: {momentum: 0.5}\n");
    Path run = temp.resolve("run");
    Called.search(
            "--config",
            file.toString(),
            "--data",
            data,
            "--out",
            run.toString(),
            "--seed",
            "6",
            "--threads",
            "1",
            "--set",
            "search.epochs=1",
            "--set",
            "contenders=0")
        .succeeded();
    assertThat(run.resolve("config.yaml"))
        .content()
        .contains("strategy: \"gdas\"", "seed: 6", "threads: 1", "contenders: 0", "momentum: 0.5")
        .contains("search:\n  epochs: 1\n  batch: 16\n  channels: 2\n  cells: 1\n")
        .contains("training:\n  epochs: 1\n  batch: 64\n  channels: 2\n  cells: 1\n");
  }
}
