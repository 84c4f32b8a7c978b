package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

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
    Kernel axpby = device.kernel("sweeps", "axpby");
    device.launch().begin().f32(2).ptr(dx).f32(3).ptr(dy).i32(n).run(axpby, 2, 256);
    float[] got = new float[n];
    device.read(dy, got);
    for (int i = 0; i < n; i++) {
      assertThat(got[i]).isEqualTo(2f * i + 3);
    }
  }
}
