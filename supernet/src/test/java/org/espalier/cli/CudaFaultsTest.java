package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.parity.Emulated;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What may go wrong with a GPU is said in one line, and costs no more than an epoch. */
@Tag("device")
class CudaFaultsTest {
  @TempDir private Path folder;
  private Path run;
  private String data;

  @BeforeEach
  void reset() {
    Emulated.steered();
    run = folder.resolve("run");
    data = TinyData.write(folder.resolve("data"));
  }

  @AfterEach
  void resetAgain() {
    Emulated.reset();
  }

  @Test
  void aMachineWithoutADriver() {
    Emulated.remove();
    search().refused("device cuda is not available: no NVIDIA driver found (libcuda.so.1)");
    assertThat(run).doesNotExist();
  }

  @Test
  void aDriverThatIsTooOld() {
    Emulated.driver(9010, 1);
    search().refused("the driver is for CUDA 9.1; at least 11.4 is needed: install a newer driver");
    assertThat(run).doesNotExist();
  }

  @Test
  void aDriverWithoutADevice() {
    Emulated.driver(12060, 0);
    search().refused("no CUDA-capable device is detected");
    assertThat(run).doesNotExist();
  }

  @Test
  void moreMemoryThanTheDeviceHasIsRefusedBeforeItStarts() {
    Emulated.memory((12 << 20) + (96 << 10)); // 12 MiB are for batches and arguments
    search().refused("search needs ", "more than the", "that cuda has free: take");
    assertThat(run).doesNotExist();
  }

  @Test
  void anOptionThatThereIsNot() {
    Called.search("--device", "cuda,tf16", "--data", data, "--out", run.toString())
        .refused("unknown option 'tf16' of device cuda; known: tf32, cublas, cudnn");
    assertThat(run).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "cuLaunchKernel, 500, 700, a kernel faulted",
    "cuMemcpyDtoH, 20, 719, a kernel faulted",
    "cuMemcpyHtoDAsync, 20, 999, the device was lost"
  })
  void aFaultInTheMidstLeavesTheCheckpoint(String call, int after, int error, String saying)
      throws IOException {
    Emulated.inject(call, after, error);
    Called called = search();
    assertThat(called.err()).startsWith("espalier: cuda: ").contains(saying);
    assertThat(called.err().lines()).as("lines on stderr").hasSize(1);
    assertThat(called.code()).isEqualTo(1);
    assertThat(called.out())
        .as("what was said before it started")
        .containsPattern("search: [0-9.]+ MiB \\(activations [0-9.]+ MiB, parameters ")
        .containsPattern("training: .*\\) of the [0-9.]+ GiB that cuda has free");
    Emulated.reset();
    Called.with("search", "--resume", run.toString()).succeeded();
    assertThat(Files.readString(run.resolve("genotype.json"))).contains("nasbench201");
  }

  private Called search() {
    return Called.search("--device", "cuda", "--data", data, "--out", run.toString());
  }
}
