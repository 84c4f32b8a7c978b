package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Upstream;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.check.BackendConformance;
import org.espalier.check.KernelSpecification;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Convolutions and products by tensor cores. */
@ExtendWith(OnCuda.class)
class CudaConvTest {
  /** Ten bits of mantissa, and sums of a few hundred products. */
  private static final double TF32_TOLERANCE = 2e-3;

  /**
   * Rounded factors show: results that are equal to the last bit would be those of other kernels.
   */
  @Test
  void tensorCoresAreUsedWhereTheyAreAskedFor(CudaBackend exact) {
    try (CudaBackend cores =
        new CudaBackend(Device.open(0, 0), new CudaOptions(true, false, false))) {
      for (int what = 0; what < 3; what++) {
        assertThat(BackendConformance.distance(product(cores, what), product(exact, what)))
            .isBetween(1e-5, TF32_TOLERANCE);
      }
    }
  }

  /** The NaN of a GPU is no ordinary one: rounding that looks at no more than bits makes it -0. */
  @ParameterizedTest
  @ValueSource(ints = {0x7fffffff, 0x7fc00000, 0xffc00000})
  void tensorCoresKeepWhatIsNotANumber(int bits) {
    try (CudaBackend cores =
        new CudaBackend(Device.open(0, 0), new CudaOptions(true, false, false))) {
      for (int what = 0; what < 3; what++) {
        assertThat(product(cores, what, Float.intBitsToFloat(bits))).contains(Float.NaN);
      }
    }
  }

  private static float[] product(Backend backend, int what) {
    return product(backend, what, 0.5f);
  }

  /**
   * The result of a convolution, the gradient of its input, or of its weight.
   *
   * @param corner the first element of the input and of the result's gradient
   */
  private static float[] product(Backend backend, int what, float corner) {
    Conv conv = new Conv(1, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1);
    Buffer x = random(backend, conv.outSize(), 1);
    Buffer w = random(backend, conv.weightSize(), 2);
    Buffer y = random(backend, conv.outSize(), 3);
    Buffer dx = backend.allocate(conv.outSize());
    Buffer dw = backend.allocate(conv.weightSize());
    Buffer dy = random(backend, conv.outSize(), 4);
    backend.write(new float[] {corner}, dy.slice(0, 1));
    backend.write(new float[] {corner}, x.slice(0, 1));
    Upstream upstream = new Upstream(dy, null);
    Fan fan = new Fan(false, x, List.of(new Fan.Arm(conv, w, y, null, upstream, dw)));
    backend.conv(fan);
    backend.convGrad(fan, dx, false);
    Buffer wanted = what == 0 ? y : what == 1 ? dx : dw;
    float[] values = new float[wanted.size()];
    backend.read(wanted, values);
    return values;
  }

  static Buffer random(Backend backend, int size, int stream) {
    Rng rng = new Rng(21, stream);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = rng.normal(i);
    }
    Buffer buffer = backend.allocate(size);
    backend.write(values, buffer);
    return buffer;
  }

  /** What tensor cores are used for: no groups, channels in eights. */
  static Stream<KernelSpecification> products() {
    Conv wide = new Conv(3, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1);
    Conv point = new Conv(3, 8, 8, 16, 16, 1, 1, 1, 0, 1, 1);
    Conv narrow = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 1, 1, 1);
    Conv odd = new Conv(2, 7, 7, 8, 5, 5, 5, 2, 2, 1, 1);
    Conv dilated = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 2, 2, 1);
    Conv halved = new Conv(2, 7, 7, 8, 16, 1, 1, 2, 0, 1, 1);
    return BackendConformance.convolutions(
            List.of(
                List.of(wide, wide, wide, point, point, point),
                List.of(narrow, odd, dilated, halved),
                List.of(new Conv(2, 7, 9, 16, 32, 3, 3, 1, 1, 1, 1)),
                List.of(new Conv(1, 28, 28, 8, 8, 3, 3, 1, 1, 1, 1)),
                List.of(new Conv(5, 5, 5, 32, 48, 3, 3, 1, 1, 1, 1)),
                List.of(new Conv(2, 6, 6, 64, 64, 3, 3, 1, 1, 1, 1)),
                List.of(new Conv(1, 4, 4, 40, 56, 3, 3, 1, 1, 1, 1)),
                List.of(new Conv(3, 7, 7, 24, 24, 3, 3, 1, 1, 1, 1)),
                List.of(new Conv(2, 8, 8, 16, 32, 3, 3, 2, 1, 1, 1)),
                List.of(new Conv(2, 9, 9, 16, 16, 5, 5, 3, 2, 1, 1)),
                List.of(point),
                List.of(new Conv(2, 5, 5, 32, 64, 1, 1, 1, 0, 1, 1)),
                List.of(new Conv(2, 9, 9, 32, 24, 1, 1, 1, 0, 1, 1)),
                List.of(new Conv(3, 7, 7, 48, 64, 1, 1, 1, 0, 1, 1)),
                List.of(new Conv(2, 7, 7, 48, 20, 1, 1, 2, 0, 1, 1)),
                List.of(halved, new Conv(2, 7, 7, 8, 16, 1, 1, 2, 0, 1, 1, 1)),
                List.of(new Conv(1, 3, 3, 16, 16, 3, 3, 1, 0, 1, 1)),
                List.of(new Conv(1, 2, 2, 128, 16, 2, 2, 1, 0, 1, 1))))
        .map(products -> products.within(TF32_TOLERANCE).every(Emulator.REAL ? 1 : 3));
  }

  @ParameterizedTest
  @MethodSource("products")
  void tensorCoresGiveTheSameToTenBits(KernelSpecification products) {
    try (CudaBackend cuda =
        new CudaBackend(Device.open(0, 0), new CudaOptions(true, false, false))) {
      assertThat(products.failures(new EjmlBackend(), cuda)).isEmpty();
    }
  }
}
