package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What a launch costs the host, measured against a driver that does nothing. Only a machine that
 * does nothing else can say: not part of every build.
 */
@Tag("slow")
class LaunchCostTest {
  private static final int LAUNCHES = 200_000;
  private static final int REPEATS = 7;

  private Device device;

  @BeforeEach
  void open() {
    Emulator.steered();
    System.setProperty(Device.CAPTURE, "false");
    device = Device.open(0, 0);
  }

  @AfterEach
  void close() {
    System.clearProperty(Device.CAPTURE);
    if (device != null) {
      Emulator.doNothing(false);
      device.close();
    }
  }

  @Test
  void aLaunchTakesLessThanHalfAMicrosecond() {
    CudaBuffer x = device.allocate(64);
    Kernel kernel = device.kernel("elementwise", "add_row");
    Emulator.doNothing(true);
    double best = Double.POSITIVE_INFINITY;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
      long start = System.nanoTime();
      for (int i = 0; i < LAUNCHES; i++) {
        device.launch().begin().reads(x).reads(x).reads(x).i32(64).run(kernel, 1, 64);
      }
      device.synchronize();
      best = Math.min(best, (double) (System.nanoTime() - start) / LAUNCHES);
    }
    System.out.printf("a launch costs the host %.0f ns%n", best);
    assertThat(best).as("nanoseconds a launch").isLessThan(500);
  }
}
