package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.espalier.search.Configurations;
import org.espalier.search.Progress;
import org.espalier.search.SearchRun;
import org.espalier.search.StoppedException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --resume}, and Ctrl-C before it. */
class ResumeTest {
  static final int TERMINATED = 128 + 15;

  @TempDir Path temp;
  private Path run = Path.of("");
  private String data = "";

  @BeforeEach
  void tinyData() {
    run = temp.resolve("run");
    data = TinyData.write(temp.resolve("images"));
  }

  @Test
  void takesUpAStoppedSearchAndFinishesIt() {
    stop(5);
    Called again = Called.with("search", "--resume", run.toString());
    again.succeeded();
    assertThat(again.out()).contains("search continues in epoch 2, step 2").contains("report.html");
    assertThat(run.resolve("report.html")).isNotEmptyFile();
  }

  @Test
  void refusesToChangeWhatIsStored() {
    stop(1);
    Called.with("search", "--resume", run.toString(), "--epochs", "3", "--set", "seed=4")
        .refused("configuration stored in " + run, "drop --epochs, --set");
    Called.with("train", "DARTS_V1", "--resume", run.toString()).refused("drop GENOTYPE");
  }

  @Test
  void refusesAFolderThatNoRunWasStartedIn() throws IOException {
    Files.createDirectories(run);
    Called.with("search", "--resume", run.toString()).refused(run.toString(), "earlier run");
    Called.with("train", "--resume", run.toString()).refused(run.toString(), "earlier");
    assertThat(run).isEmptyDirectory();
  }

  @Test
  void refusesARunWithoutItsCheckpoint() throws IOException {
    stop(1);
    Files.delete(run.resolve("checkpoint"));
    Called.with("search", "--resume", run.toString()).refused(run.toString(), "checkpoint");
  }

  @Test
  void refusesACheckpointThatIsCutInHalf() throws IOException {
    stop(1);
    BadInputTest.cut(run.resolve("checkpoint"));
    Called.with("search", "--resume", run.toString()).refused(run.resolve("checkpoint").toString());
  }

  @Test
  void refusesACheckpointOfAnotherConfiguration() throws IOException {
    stop(1);
    Path config = run.resolve("config.yaml");
    Files.writeString(config, Files.readString(config).replace("seed: 0", "seed: 1"));
    Called.with("search", "--resume", run.toString())
        .refused("checkpoint of another configuration", "seed: 1");
  }

  /** As Ctrl-C does it, but with a signal that no parent process can have switched off. */
  @Test
  void aTerminatedProcessLeavesACheckpointToContinueFrom() throws Exception {
    Process process =
        espalier(
            Called.searchArguments(
                "--data", data, "--out", run.toString(), "--set", "search.epochs=20"));
    try {
      assertThat(process.inputReader().lines().anyMatch(line -> line.startsWith("search  2/20")))
          .isTrue();
      process.toHandle().destroy(); // its streams stay open
      String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(TERMINATED);
      assertThat(err).contains("espalier: stopped; to continue: espalier search --resume " + run);
      assertThat(run.resolve("report.html")).doesNotExist();
    } finally {
      process.destroyForcibly();
    }
    Called.with("search", "--resume", run.toString()).succeeded();
    Path whole = temp.resolve("whole");
    Called.with(
            Called.searchArguments(
                "--data", data, "--out", whole.toString(), "--set", "search.epochs=20"))
        .succeeded();
    assertThat(measured(run)).isEqualTo(measured(whole));
    assertThat(run.resolve("genotype.json"))
        .hasSameTextualContentAs(whole.resolve("genotype.json"));
  }

  static Process espalier(String... args) throws IOException {
    List<String> java =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules",
            "jdk.incubator.vector",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Launch.class.getName());
    return new ProcessBuilder(Stream.concat(java.stream(), Stream.of(args)).toList()).start();
  }

  /** The metrics but for the clock. */
  private static String measured(Path folder) throws IOException {
    return Files.readString(folder.resolve("metrics.jsonl"))
        .replaceAll("\"(seconds|imagesPerSecond)\":[^,}]*", "");
  }

  /** Starts a search of two epochs of four steps and stops it after some of them. */
  private void stop(int steps) {
    var configuration =
        Configurations.of(
            "nasbench201",
            Configurations.Preset.LAPTOP,
            List.of(
                "data=" + data,
                "search.epochs=2",
                "search.batch=16",
                "search.channels=2",
                "training.epochs=1",
                "training.batch=16",
                "training.channels=2",
                "contenders=1"));
    var asked = new AtomicInteger();
    SearchRun search = SearchRun.start(configuration, run);
    assertThatThrownBy(
            () -> search.execute(Progress.SILENT, () -> asked.getAndIncrement() == steps))
        .isInstanceOf(StoppedException.class);
  }
}
