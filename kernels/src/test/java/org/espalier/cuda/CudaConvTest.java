package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Upstream;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.check.BackendConformance;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Convolutions, both their gradients and products against the portable back end. */
@ExtendWith(OnCuda.class)
class CudaConvTest {
  private static final double TOLERANCE = 1e-5;

  /** Ten bits of mantissa, and sums of a few hundred products. */
  private static final double TF32_TOLERANCE = 2e-3;

  static List<Conv> geometries() {
    return List.of(
        // n, h, w, in, out, kh, kw, stride, pad, dilation, groups
        new Conv(3, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1),
        new Conv(2, 7, 9, 16, 32, 3, 3, 1, 1, 1, 1),
        new Conv(1, 28, 28, 8, 8, 3, 3, 1, 1, 1, 1),
        new Conv(5, 5, 5, 32, 48, 3, 3, 1, 1, 1, 1),
        new Conv(2, 6, 6, 64, 64, 3, 3, 1, 1, 1, 1),
        new Conv(1, 4, 4, 40, 56, 3, 3, 1, 1, 1, 1),
        new Conv(2, 9, 9, 3, 16, 3, 3, 1, 1, 1, 1),
        new Conv(2, 8, 8, 1, 8, 3, 3, 1, 1, 1, 1),
        new Conv(3, 7, 7, 24, 24, 3, 3, 1, 1, 1, 1),
        new Conv(3, 1, 1, 5, 5, 3, 3, 1, 1, 1, 1),
        new Conv(3, 8, 8, 4, 4, 5, 5, 1, 2, 1, 1),
        new Conv(3, 8, 8, 12, 2, 3, 3, 1, 1, 1, 1),
        new Conv(2, 8, 12, 8, 8, 3, 3, 2, 1, 1, 1),
        new Conv(2, 8, 8, 16, 32, 3, 3, 2, 1, 1, 1),
        new Conv(2, 9, 7, 20, 24, 3, 3, 2, 1, 1, 1),
        new Conv(2, 9, 9, 16, 16, 5, 5, 3, 2, 1, 1),
        new Conv(2, 9, 8, 5, 7, 5, 5, 2, 4, 2, 1),
        new Conv(2, 9, 8, 8, 8, 3, 3, 1, 2, 2, 1),
        new Conv(1, 12, 12, 4, 3, 7, 7, 1, 3, 1, 1),
        new Conv(1, 12, 12, 3, 4, 9, 9, 1, 4, 1, 1),
        new Conv(2, 8, 8, 16, 16, 1, 1, 1, 0, 1, 1),
        new Conv(2, 5, 5, 32, 64, 1, 1, 1, 0, 1, 1),
        new Conv(2, 6, 6, 8, 8, 1, 1, 2, 0, 1, 1),
        new Conv(2, 7, 7, 48, 20, 1, 1, 2, 0, 1, 1),
        new Conv(2, 6, 6, 10, 3, 1, 1, 1, 1, 1, 1),
        new Conv(2, 8, 9, 6, 18, 2, 4, 1, 1, 1, 1),
        new Conv(1, 3, 3, 16, 16, 3, 3, 1, 0, 1, 1),
        new Conv(1, 2, 2, 128, 16, 2, 2, 1, 0, 1, 1),
        new Conv(2, 6, 6, 8, 12, 3, 3, 1, 1, 1, 2),
        new Conv(2, 7, 6, 12, 48, 3, 3, 2, 1, 1, 3));
  }

  static List<Conv> depthwise() {
    return Stream.of(1, 3, 5, 8, 16, 24)
        .flatMap(
            c ->
                Stream.of(
                    new Conv(3, 8, 8, c, c, 3, 3, 1, 1, 1, c),
                    new Conv(2, 7, 9, c, c, 3, 3, 2, 1, 1, c),
                    new Conv(2, 8, 8, c, c, 5, 5, 1, 2, 1, c),
                    new Conv(2, 8, 8, c, c, 5, 5, 2, 2, 1, c),
                    new Conv(2, 9, 8, c, c, 3, 3, 1, 2, 2, c),
                    new Conv(1, 19, 17, c, c, 5, 5, 1, 4, 2, c),
                    new Conv(1, 28, 28, c, c, 5, 5, 2, 4, 2, c)))
        .toList();
  }

  /** Windows that the unrolled kernels do not have. */
  static List<Conv> oddWindows() {
    return List.of(
        new Conv(2, 9, 9, 8, 8, 7, 7, 1, 3, 1, 8),
        new Conv(1, 9, 9, 3, 3, 9, 9, 1, 4, 1, 3),
        new Conv(2, 6, 7, 4, 4, 2, 4, 1, 1, 1, 4));
  }

  /** Convolutions of one input: alike and of all kinds, as the edges of a cell have them. */
  static List<List<Conv>> fans() {
    Conv wide = new Conv(3, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1);
    Conv point = new Conv(3, 8, 8, 16, 16, 1, 1, 1, 0, 1, 1);
    Conv odd = new Conv(2, 7, 7, 8, 5, 5, 5, 2, 2, 1, 1);
    Conv narrow = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 1, 1, 1);
    Conv narrowPoint = new Conv(2, 7, 7, 8, 8, 1, 1, 1, 0, 1, 1);
    Conv halved = new Conv(2, 7, 7, 8, 16, 1, 1, 2, 0, 1, 1);
    Conv dilated = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 2, 2, 1);
    Conv deep = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 1, 1, 8);
    Conv deep5 = new Conv(2, 7, 7, 8, 8, 5, 5, 1, 2, 1, 8);
    Conv deepDilated5 = new Conv(2, 7, 7, 8, 8, 5, 5, 1, 4, 2, 8);
    Conv grouped = new Conv(2, 7, 7, 8, 12, 3, 3, 1, 1, 1, 2);
    return List.of(
        List.of(wide, wide, wide, point, point, point),
        List.of(point, point),
        List.of(narrow, odd, dilated, narrowPoint, halved),
        List.of(deep, deep5, deepDilated5, deep, deep5),
        List.of(deep, narrow, grouped, deep),
        Collections.nCopies(18, deep));
  }

  static Stream<List<Conv>> all() {
    return Stream.of(
            geometries().stream().map(List::of),
            depthwise().stream().map(List::of),
            oddWindows().stream().map(List::of),
            fans().stream())
        .flatMap(lists -> lists);
  }

  /** What tensor cores are used for. */
  static Stream<List<Conv>> products() {
    return Stream.concat(geometries().stream().map(List::of), fans().stream())
        .filter(convs -> convs.stream().allMatch(c -> c.groups() == 1 && c.in() % 8 == 0));
  }

  @ParameterizedTest
  @MethodSource("all")
  void resultsAndTheirMomentsAreThoseOfTheOracle(List<Conv> convs, CudaBackend cuda) {
    KernelSample.check(cuda, convs + " with ReLU", TOLERANCE, forward(convs, true));
    if (convs.size() > 1) {
      KernelSample.check(cuda, convs.toString(), TOLERANCE, forward(convs, false));
    }
  }

  private static KernelSample.Trial forward(List<Conv> convs, boolean relu) {
    return (backend, sample) -> {
      List<Fan.Arm> arms = new ArrayList<>();
      for (int i = 0; i < convs.size(); i++) {
        Conv conv = convs.get(i);
        Buffer moments = i % 3 == 1 ? null : sample.normal(2 * conv.out());
        Buffer w = weight(sample, conv);
        arms.add(new Fan.Arm(conv, w, sample.normal(conv.outSize()), moments, null, null));
      }
      backend.conv(new Fan(relu, input(sample, convs), arms));
    };
  }

  /** Of the input and of the weights; with rules and without, added and not, some not wanted. */
  @ParameterizedTest
  @MethodSource("all")
  void gradientsAreThoseOfTheOracle(List<Conv> convs, CudaBackend cuda) {
    for (int form = 0; form < (convs.size() > 1 ? 4 : 2); form++) {
      KernelSample.check(cuda, convs + " form " + form, TOLERANCE, backward(convs, form));
    }
  }

  private static KernelSample.Trial backward(List<Conv> convs, int form) {
    boolean relu = form % 2 == 0;
    boolean rule = form < 2;
    boolean add = form == 1 || form == 2;
    return (backend, sample) -> {
      List<Fan.Arm> arms = new ArrayList<>();
      for (int i = 0; i < convs.size(); i++) {
        Conv conv = convs.get(i);
        Buffer coefficients = rule ? sample.normal(4 * conv.out()) : null;
        Upstream upstream = new Upstream(sample.normal(conv.outSize()), coefficients);
        Buffer dw = form == 3 && i % 2 == 1 ? null : sample.normal(conv.weightSize());
        Buffer w = weight(sample, conv);
        arms.add(new Fan.Arm(conv, w, sample.normal(conv.outSize()), null, upstream, dw));
      }
      Conv first = convs.getFirst();
      Buffer dx = form == 3 ? null : sample.normal(first.n() * first.h() * first.w() * first.in());
      backend.convGrad(new Fan(relu, input(sample, convs), arms), dx, add);
    };
  }

  private static Buffer weight(KernelSample sample, Conv conv) {
    return sample.normal(conv.weightSize());
  }

  private static Buffer input(KernelSample sample, List<Conv> convs) {
    Conv first = convs.getFirst();
    return sample.normal(first.n() * first.h() * first.w() * first.in());
  }

  /**
   * Rounded factors show: results that are equal to the last bit would be those of other kernels.
   */
  @Test
  void tensorCoresAreUsedWhereTheyAreAskedFor(CudaBackend exact) {
    try (CudaBackend cores = new CudaBackend(Device.open(0, 0), new CudaOptions(true))) {
      for (int what = 0; what < 3; what++) {
        assertThat(BackendConformance.distance(product(cores, what), product(exact, what)))
            .isBetween(1e-5, TF32_TOLERANCE);
      }
    }
  }

  /** The result of a convolution, the gradient of its input, or of its weight. */
  private static float[] product(Backend backend, int what) {
    Conv conv = new Conv(1, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1);
    Buffer x = random(backend, conv.outSize(), 1);
    Buffer w = random(backend, conv.weightSize(), 2);
    Buffer y = random(backend, conv.outSize(), 3);
    Buffer dx = backend.allocate(conv.outSize());
    Buffer dw = backend.allocate(conv.weightSize());
    Upstream upstream = new Upstream(random(backend, conv.outSize(), 4), null);
    Fan fan = new Fan(false, x, List.of(new Fan.Arm(conv, w, y, null, upstream, dw)));
    backend.conv(fan);
    backend.convGrad(fan, dx, false);
    Buffer wanted = what == 0 ? y : what == 1 ? dx : dw;
    float[] values = new float[wanted.size()];
    backend.read(wanted, values);
    return values;
  }

  private static Buffer random(Backend backend, int size, int stream) {
    Rng rng = new Rng(21, stream);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = rng.normal(i);
    }
    Buffer buffer = backend.allocate(size);
    backend.write(values, buffer);
    return buffer;
  }

  @ParameterizedTest
  @MethodSource("products")
  void tensorCoresGiveTheSameToTenBits(List<Conv> convs) {
    try (CudaBackend cuda = new CudaBackend(Device.open(0, 0), new CudaOptions(true))) {
      KernelSample.check(cuda, convs + " in TF32", TF32_TOLERANCE, forward(convs, true));
      KernelSample.check(cuda, convs + " in TF32", TF32_TOLERANCE, backward(convs, 0));
    }
  }

  /** Their gradients are added one after the other, not at the same time. */
  @Test
  void armsMayShareAWeight(CudaBackend cuda) {
    Conv conv = new Conv(2, 6, 6, 8, 8, 3, 3, 1, 1, 1, 1);
    KernelSample.check(
        cuda,
        "shared weight",
        TOLERANCE,
        (backend, sample) -> {
          Buffer w = weight(sample, conv);
          Buffer dw = weight(sample, conv);
          List<Fan.Arm> arms = new ArrayList<>();
          for (int i = 0; i < 3; i++) {
            Buffer y = sample.normal(conv.outSize());
            arms.add(new Fan.Arm(conv, w, y, null, new Upstream(y, null), dw));
          }
          backend.convGrad(new Fan(false, input(sample, List.of(conv)), arms), null, false);
        });
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1",
    "64, 10, 64",
    "64, 128, 3",
    "7, 33, 65",
    "128, 16, 16",
    "5, 100, 1",
    "192, 32, 48"
  })
  void productsAreThoseOfTheOracle(int m, int n, int k, CudaBackend cuda) {
    for (int form = 0; form < 8; form++) {
      boolean left = (form & 1) != 0;
      boolean right = (form & 2) != 0;
      boolean add = (form & 4) != 0;
      KernelSample.check(
          cuda,
          "product " + form,
          TOLERANCE,
          (backend, sample) -> {
            Buffer a = sample.normal(m * k);
            backend.gemm(left, right, m, n, k, a, sample.normal(k * n), sample.normal(m * n), add);
          });
    }
  }

  /**
   * A 1x1 convolution by the identity, of values around 1000: nothing else may touch the digits.
   */
  @Test
  void momentsKeepTheirDigitsWhenTheMeanIsLarge(CudaBackend cuda) {
    for (int groups : new int[] {1, 16}) {
      Conv conv = new Conv(4, 9, 9, 16, 16, 1, 1, 1, 0, 1, groups);
      float[] wanted = momentsAt1000(new EjmlBackend(), conv);
      float[] got = momentsAt1000(cuda, conv);
      for (int i = 0; i < 32; i++) {
        assertThat(got[i]).isCloseTo(wanted[i], withPercentage(1e-3));
      }
    }
  }

  private static float[] momentsAt1000(Backend backend, Conv conv) {
    Rng rng = Rng.of(5);
    float[] values = new float[conv.outSize()];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1000 + rng.normal(i);
    }
    Buffer x = backend.allocate(values.length);
    backend.write(values, x);
    float[] identity = new float[conv.weightSize()];
    for (int i = 0; i < 16; i++) {
      identity[conv.groups() == 1 ? 17 * i : i] = 1;
    }
    Buffer w = backend.allocate(identity.length);
    backend.write(identity, w);
    Buffer y = backend.allocate(conv.outSize());
    Buffer moments = backend.allocate(32);
    backend.conv(new Fan(false, x, List.of(new Fan.Arm(conv, w, y, moments, null, null))));
    float[] result = new float[32];
    backend.read(moments, result);
    return result;
  }
}
