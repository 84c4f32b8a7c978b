package org.espalier.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Upstream;
import org.espalier.check.BackendConformance;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Convolutions of the fast back end, beside what {@link SimdKernelsTest} says of all kernels. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SimdConvTest {
  private final Backend one = new SimdBackend(1);

  @AfterAll
  void close() {
    one.close();
  }

  @Test
  void lateCallsUseNoGarbageOfEarlierOnes() {
    Conv conv = new Conv(2, 6, 6, 10, 10, 3, 3, 1, 1, 1, 1);
    Buffer bad = filled(inSize(conv), Float.NaN);
    Buffer y = one.allocate(conv.outSize());
    Buffer w = filled(conv.weightSize(), 0.1f);
    Upstream upstream = new Upstream(bad, null);
    Fan fan = new Fan(false, bad, List.of(new Fan.Arm(conv, w, y, null, upstream, w)));
    one.conv(fan);
    one.convGrad(fan, one.allocate(inSize(conv)), false);
    Conv wide = new Conv(3, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1);
    Conv point = new Conv(3, 8, 8, 16, 16, 1, 1, 1, 0, 1, 1);
    Conv narrow = new Conv(2, 6, 6, 8, 8, 3, 3, 2, 1, 1, 1);
    Conv deep = new Conv(2, 6, 6, 8, 8, 5, 5, 1, 2, 1, 8);
    BackendConformance.convolutions(List.of(List.of(wide, point), List.of(narrow, deep)))
        .forEach(kernel -> assertThat(kernel.failures(new EjmlBackend(), one)).isEmpty());
  }

  /** As many as fill the tiles of Winograd's products, with what else reads them beside it. */
  @Test
  void severalSmallImagesAtATimeAreTheOraclesWhateverTheirNumber() {
    Conv odd = new Conv(32, 7, 5, 16, 24, 3, 3, 1, 1, 1, 1);
    Conv point = new Conv(32, 7, 5, 16, 8, 1, 1, 1, 0, 1, 1);
    Conv halved = new Conv(32, 7, 5, 16, 8, 3, 3, 2, 1, 1, 1);
    Conv smallest = new Conv(66, 4, 4, 17, 16, 3, 3, 1, 1, 1, 1);
    Conv prime = new Conv(37, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1);
    try (Backend three = new SimdBackend(3)) {
      BackendConformance.convolutions(
              List.of(List.of(point, odd, halved, odd), List.of(smallest), List.of(prime)))
          .forEach(kernel -> assertThat(kernel.failures(new EjmlBackend(), one, three)).isEmpty());
    }
  }

  /**
   * Only the small change of closures and lists: not even an array of the size of an image. How
   * long the virtual machine takes until vectors stay in registers is its own affair.
   */
  @Test
  void steadyStateAllocatesNoArrays() {
    Conv conv = new Conv(8, 24, 24, 16, 16, 3, 3, 1, 1, 1, 1);
    Buffer x = filled(inSize(conv), 0.5f);
    Buffer w = filled(conv.weightSize(), 0.01f);
    Buffer y = filled(conv.outSize(), 0.5f);
    Fan fan = new Fan(true, x, List.of(new Fan.Arm(conv, w, y, null, new Upstream(y, null), w)));
    int image = Float.BYTES * 24 * 24 * 16;
    var bean =
        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    long end = System.nanoTime() + 60_000_000_000L;
    long allocated = Long.MAX_VALUE;
    while (allocated >= image && System.nanoTime() < end) {
      long before = bean.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 20; i++) {
        one.fill(w, 0.01f); // keep the numbers small
        one.conv(fan);
        one.convGrad(fan, x, false);
      }
      allocated = (bean.getCurrentThreadAllocatedBytes() - before) / 20;
    }
    assertThat(allocated).isLessThan(image);
  }

  private Buffer filled(int size, float value) {
    Buffer buffer = one.allocate(size);
    one.fill(buffer, value);
    return buffer;
  }

  private static int inSize(Conv conv) {
    return conv.n() * conv.h() * conv.w() * conv.in();
  }
}
