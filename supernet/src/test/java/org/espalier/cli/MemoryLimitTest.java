package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that cannot fit is refused before it starts, and can be asked about before that. */
class MemoryLimitTest {
  private static final String PATH =
      "|nor_conv_3x3~0|+|nor_conv_3x3~0|skip_connect~1|+|none~0|none~1|nor_conv_1x1~2|";

  @TempDir Path temp;
  private Path run = Path.of("");
  private String data = "";

  @BeforeEach
  void tinyData() {
    run = temp.resolve("run");
    data = TinyData.write(temp.resolve("images"));
  }

  @Test
  void aSearchThatDoesNotFitIsRefusedWithWhatWouldHelp() {
    Called.search("--data", data, "--out", run.toString(), "--memory-limit", "1100k")
        .refused(
            "search needs 1.",
            " MiB at search.batch 16, training needs ",
            " at training.batch 64, more than the 1.1 MiB that --memory-limit allows",
            "take at most --set search.batch=",
            " --set training.batch=",
            "or allow more");
    assertThat(run).doesNotExist();
  }

  @Test
  void whereNoBatchIsSmallEnoughTheNetworkIsToBeSmaller() {
    Called.search("--data", data, "--out", run.toString(), "--memory-limit", "1k")
        .refused("take fewer --channels or --cells");
    assertThat(run).doesNotExist();
  }

  @Test
  void aTrainingThatDoesNotFitIsRefused() {
    Called.with("train", PATH, "--data", data, "--out", run.toString(), "--memory-limit", "4m")
        .refused("training needs ", "more than the 4.0 MiB", "--set training.batch=");
    assertThat(run).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(ints = {3_000, 30_000})
  void aNetworkThatNoMachineHoldsIsRefusedAtOnce(int channels) {
    Called.search("--data", data, "--out", run.toString(), "--set", "training.channels=" + channels)
        .refused("training.channels");
    assertThat(run).doesNotExist();
  }

  @Test
  void aLimitThatIsLargeEnoughChangesNothing() throws IOException {
    Called.search("--data", data, "--out", run.toString(), "--memory-limit", "2GiB").succeeded();
    assertThat(Files.readString(run.resolve("config.yaml"))).doesNotContain("memory");
    Called.with("search", "--resume", run.toString(), "--memory-limit", "10k")
        .refused("search needs ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "6", "lots", "-1g", "0g", "6 gigabytes", "g", "1e3m", "NaNg"})
  void aSizeThatIsNone(String size) {
    Called.search("--data", data, "--out", run.toString(), "--memory-limit", size)
        .refused("memory limit '" + size + "' is no size; one such as 6g or 800m is wanted");
    assertThat(run).doesNotExist();
  }

  @Test
  void infoTellsWhatASearchWouldNeed() throws IOException {
    Path file = Files.writeString(temp.resolve("my.yaml"), "search: {batch: 32}\n");
    Called info = Called.with("info", "--config", file.toString(), "--data", data);
    info.succeeded();
    assertThat(info.out())
        .startsWith("drnas on nasbench201, ")
        .containsPattern("memory +search +training")
        .containsPattern("batch +32 +64 +images")
        .containsPattern("activations +[0-9.]+ MiB +[0-9.]+ MiB ")
        .contains("parameters", "workspace", "batches", "checkpoint", "images", "in all")
        .contains("fits the ");
  }

  @Test
  void infoRefusesWhatASearchWould() {
    Called.with("info", "--space", "foo").refused("unknown search space 'foo'");
    Called.with("info", "--config", "nowhere.yaml").refused("there is no such file");
  }
}
