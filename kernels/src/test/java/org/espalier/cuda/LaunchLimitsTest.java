package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jcuda.driver.CUresult;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a GPU refuses to launch, or faults on, the emulator does too. */
class LaunchLimitsTest {
  private Device device;

  @BeforeEach
  void open() {
    Emulator.steered(); // a fault would end the context of a real GPU
    device = Device.open(0, 0);
  }

  @AfterEach
  void close() {
    if (device != null) {
      device.close();
    }
  }

  @ParameterizedTest(name = "grid {0} x {1} x {2} of {3}")
  @CsvSource({"1, 65536, 1, 32", "1, 1, 65536, 32", "0, 1, 1, 32", "1, 1, 1, 1025", "1, 1, 1, 0"})
  void gridsAndBlocksHaveTheirLimits(int gx, int gy, int gz, int threads) {
    assertFails(CUresult.CUDA_ERROR_INVALID_VALUE, () -> launch(gx, gy, gz, threads, 0));
  }

  @Test
  void gridsAndBlocksAtTheirLimitsAreLaunched() {
    launch(1, 65535, 1, 1, 0);
    launch(1, 1, 65535, 1, 0);
    launch(1, 1, 1, 1024, 0);
  }

  /** Its registers are divided among as many as it says it is compiled for. */
  @Test
  void aKernelIsLaunchedByNoMoreThreadsThanItWasCompiledFor() {
    Kernel kernel = device.kernel("conv_dense", "dense16_v1");
    assertFails(
        CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
        () -> {
          device.launch().begin().i32(0).run(kernel, 1, 256);
          device.synchronize();
        });
  }

  @Test
  void moreThan48KibOfSharedMemoryMustBeAskedFor() {
    launch(1, 1, 1, 32, 48 * 1024);
    launch(1, 1, 1, 32, 64 * 1024); // Launch asks, once
    Kernel kernel = device.kernel("elementwise", "axpby_v1");
    new Kernel(kernel.name(), kernel.function()).allowShared(48 * 1024); // takes it back
    assertFails(CUresult.CUDA_ERROR_INVALID_VALUE, () -> launch(1, 1, 1, 32, 64 * 1024));
  }

  @Test
  void aDeviceHasSoMuchSharedMemoryAndNoMore() {
    assertFails(CUresult.CUDA_ERROR_INVALID_VALUE, () -> launch(1, 1, 1, 32, 163 * 1024 + 1));
  }

  @ParameterizedTest
  @CsvSource({"0, 0, true", "4, 4, true", "1, 0, false", "2, 2, false", "0, 3, false"})
  void vectorsLieAtMultiplesOfTheirSize(int x, int y, boolean aligned) {
    CudaBuffer from = device.allocate(64);
    CudaBuffer to = device.allocate(64);
    device.fill(from, 0);
    device.fill(to, 0);
    Kernel kernel = device.kernel("elementwise", "axpby_v4");
    device.launch().begin().reads(from.slice(x, 32)).writes(to.slice(y, 32));
    device.launch().stepF32(1).stepF32(0).i32(32).run(kernel, 1, Lanes.BLOCK);
    if (aligned) {
      device.synchronize();
    } else {
      assertFails(CUresult.CUDA_ERROR_MISALIGNED_ADDRESS, device::synchronize);
    }
  }

  private void launch(int gx, int gy, int gz, int threads, int shared) {
    CudaBuffer x = device.allocate(8);
    device.launch().begin().reads(x).writes(x).stepF32(1).stepF32(0).i32(0);
    Kernel kernel = device.kernel("elementwise", "axpby_v1");
    device.launch().run(kernel, gx, gy, gz, threads, shared);
    device.synchronize();
  }

  private static void assertFails(int code, ThrowingCallable launch) {
    assertThatThrownBy(launch)
        .isInstanceOfSatisfying(
            CudaException.class, failed -> assertThat(failed.code()).isEqualTo(code));
  }
}
