package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The driver layer over the emulator, through JCuda as it is. */
class DeviceTest {
  private Device device;

  @BeforeEach
  void open() {
    Emulator.start();
    device = Device.open(0, 0);
  }

  @AfterEach
  void close() {
    if (device != null) {
      device.close();
    }
  }

  private void axpby(float a, CudaBuffer x, float b, CudaBuffer y, int n) {
    Kernel axpby = device.kernel("elementwise", "axpby_v1");
    device.launch().begin().reads(x).writes(y).stepF32(a).stepF32(b).i32(n);
    device.launch().run(axpby, Lanes.blocks(n, 1), Lanes.BLOCK);
  }

  @Test
  void launchesAKernel() {
    int n = 1000;
    float[] x = new float[n];
    float[] y = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = i;
      y[i] = 1;
    }
    CudaBuffer dx = device.allocate(n);
    CudaBuffer dy = device.allocate(n);
    device.write(x, dx);
    device.write(y, dy);
    axpby(2, dx, 3, dy, n);
    float[] got = new float[n];
    device.read(dy, got);
    for (int i = 0; i < n; i++) {
      assertThat(got[i]).isEqualTo(2f * i + 3);
    }
  }

  /** As of a driver that is older than the compiler, and of a device that it made none for. */
  @ParameterizedTest
  @ValueSource(ints = {CUresult.CUDA_ERROR_INVALID_IMAGE, CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU})
  void whereTheBinaryIsRefusedTheTextServes(int error) {
    assumeFalse(Emulator.REAL, "a real driver cannot be steered");
    assumeTrue(Kernels.compiled(), "nvcc was not there to compile the kernels");
    Emulator.inject("cuModuleLoadData", 0, error);
    CudaBuffer y = device.allocate(8);
    device.fill(y, 0);
    axpby(1, y, 0, y, 8);
    device.synchronize();
  }

  @Test
  void stepsThatRepeatAreReplayedAsAGraphAndTakeNewNumbers() {
    CudaBuffer x = device.allocate(8);
    CudaBuffer y = device.allocate(8);
    float[] got = new float[8];
    for (int step = 1; step <= 6; step++) {
      float[] values = new float[8];
      java.util.Arrays.fill(values, step);
      device.write(values, x);
      device.fill(y, 0);
      axpby(10 * step, x, 0, y, 8);
      device.read(y, got);
      assertThat(got).containsOnly(10f * step * step);
    }
    assertThat(device.queue().graphs()).isEqualTo(1);
    assertThat(device.queue().replayed()).isEqualTo(5 * 3);
  }

  /** By want of memory, or a library that cannot be captured; 900 is what that is called then. */
  @ParameterizedTest
  @CsvSource({
    "cuMemAlloc, 2, 2",
    "cuStreamBeginCapture, 0, 900",
    "cuLaunchKernel, 3, 900",
    "cuStreamEndCapture, 0, 901",
    "cuGraphInstantiate, 0, 2"
  })
  void stepsOfWhichNoGraphCanBeMadeAreLaunched(String call, int after, int error) {
    assumeFalse(Emulator.REAL, "a real driver cannot be steered");
    Emulator.inject(call, after, error);
    CudaBuffer x = device.allocate(8);
    CudaBuffer y = device.allocate(8);
    float[] got = new float[8];
    for (int step = 1; step <= 4; step++) {
      device.fill(x, Float.floatToRawIntBits(step));
      axpby(10, x, 0, y, 8);
      device.read(y, got);
      assertThat(got).containsOnly(10f * step);
      device.fill(x, 0);
      axpby(10 * step, x, 0, y, 8);
      device.read(y, got);
      assertThat(got).containsOnly(0);
    }
    assertThat(device.queue().graphs()).isZero();
    assertThat(device.queue().launched()).isEqualTo(4 * 4);
  }

  @Test
  void workThatIsNewIsLaunchedPieceByPiece() {
    CudaBuffer y = device.allocate(64);
    for (int n = 1; n <= 6; n++) {
      device.fill(y.slice(0, n), n);
      device.synchronize();
    }
    assertThat(device.queue().graphs()).isZero();
    assertThat(device.queue().launched()).isEqualTo(6);
  }

  /** The next values must not take the place of those whose copy has yet to come. */
  @ParameterizedTest
  @ValueSource(ints = {2046, 2047, 2048, 2049})
  void whatIsWrittenArrivesHoweverFullTheQueueIs(int queued) {
    CudaBuffer work = device.allocate(1);
    CudaBuffer first = device.allocate(4);
    CudaBuffer second = device.allocate(4);
    for (int i = 0; i < queued; i++) {
      device.fill(work, i);
    }
    device.write(new float[] {1, 2, 3, 4}, first);
    device.write(new float[] {5, 6, 7, 8}, second);
    float[] got = new float[4];
    device.read(first, got);
    assertThat(got).containsExactly(1, 2, 3, 4);
    device.read(second, got);
    assertThat(got).containsExactly(5, 6, 7, 8);
  }

  /** A thread has no context before it is given one. */
  @Test
  void servesWhicheverThreadCallsItFirst() throws Exception {
    try (Device shared = Device.open(0, 1 << 20)) {
      CudaBuffer y = shared.allocate(8);
      List<Runnable> calls =
          List.of(
              () -> shared.kernel("reduce", "norm_join"),
              shared::memory,
              () -> shared.reserve(4 << 20),
              () -> shared.allocate(1 << 20),
              () -> shared.write(new float[8], y),
              () -> shared.fill(y, 0),
              () -> shared.read(y, new float[8]),
              shared::synchronize);
      for (Runnable call : calls) {
        try (ExecutorService other = Executors.newSingleThreadExecutor()) {
          other.submit(call).get();
        }
      }
    }
  }

  @Test
  void aWriteOutsideOfABufferIsAnIllegalAddress() {
    assumeFalse(Emulator.REAL, "a real GPU has no guard words");
    CudaBuffer y = device.allocate(8);
    axpby(2, y, 0, y, 9);
    assertThatThrownBy(device::synchronize)
        .isInstanceOf(CudaException.class)
        .hasMessageContaining("illegal memory access");
  }

  @Test
  void whatDoesNotFitIsSaidWithARemedy() {
    assumeFalse(Emulator.REAL, "a real GPU cannot be made smaller");
    Emulator.memory(1 << 20);
    assertThatThrownBy(() -> device.allocate(1 << 20))
        .isInstanceOf(CudaException.class)
        .hasMessageContaining("out of memory")
        .hasMessageContaining("take a smaller batch");
  }
}
