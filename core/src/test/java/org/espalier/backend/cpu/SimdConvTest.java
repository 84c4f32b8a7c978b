package org.espalier.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Upstream;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The fast convolutions and products against the portable ones. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SimdConvTest {
  private final Backend oracle = new EjmlBackend();
  private final Backend one = new SimdBackend(1);
  private final Backend two = new SimdBackend(2);
  private final Backend five = new SimdBackend(5);

  @AfterAll
  void close() {
    Stream.of(one, two, five).forEach(Backend::close);
  }

  static List<Conv> geometries() {
    return List.of(
        // n, h, w, in, out, kh, kw, stride, pad, dilation, groups
        new Conv(3, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1),
        new Conv(2, 7, 9, 16, 32, 3, 3, 1, 1, 1, 1),
        new Conv(17, 5, 5, 32, 48, 3, 3, 1, 1, 1, 1),
        new Conv(2, 6, 6, 64, 64, 3, 3, 1, 1, 1, 1),
        new Conv(1, 4, 4, 40, 56, 3, 3, 1, 1, 1, 1),
        new Conv(2, 8, 8, 3, 16, 3, 3, 1, 1, 1, 1),
        new Conv(2, 8, 8, 1, 8, 3, 3, 1, 1, 1, 1),
        new Conv(3, 14, 14, 8, 8, 3, 3, 1, 1, 1, 1),
        new Conv(3, 7, 7, 8, 8, 3, 3, 1, 1, 1, 1),
        new Conv(2, 19, 13, 16, 24, 3, 3, 1, 1, 1, 1),
        new Conv(2, 12, 5, 20, 17, 3, 3, 1, 1, 1, 1),
        new Conv(3, 8, 8, 4, 4, 5, 5, 1, 2, 1, 1),
        new Conv(3, 8, 8, 12, 2, 3, 3, 1, 1, 1, 1),
        new Conv(2, 8, 12, 8, 8, 3, 3, 2, 1, 1, 1),
        new Conv(2, 8, 8, 16, 32, 3, 3, 2, 1, 1, 1),
        new Conv(2, 9, 7, 20, 24, 3, 3, 2, 1, 1, 1),
        new Conv(2, 9, 9, 16, 16, 5, 5, 3, 2, 1, 1),
        new Conv(2, 9, 9, 16, 16, 3, 3, 1, 2, 2, 1),
        new Conv(2, 9, 8, 5, 7, 5, 5, 2, 4, 2, 1),
        new Conv(2, 9, 8, 8, 8, 3, 3, 1, 2, 2, 1),
        new Conv(2, 8, 8, 16, 16, 1, 1, 1, 0, 1, 1),
        new Conv(2, 5, 5, 32, 64, 1, 1, 1, 0, 1, 1),
        new Conv(2, 6, 6, 8, 8, 1, 1, 1, 0, 1, 1),
        new Conv(2, 6, 6, 8, 8, 1, 1, 2, 0, 1, 1),
        new Conv(2, 7, 7, 48, 20, 1, 1, 2, 0, 1, 1),
        new Conv(2, 6, 6, 10, 3, 1, 1, 1, 1, 1, 1),
        new Conv(2, 8, 9, 6, 18, 2, 4, 1, 1, 1, 1),
        new Conv(1, 3, 3, 16, 16, 3, 3, 1, 0, 1, 1),
        new Conv(1, 2, 2, 128, 16, 2, 2, 1, 0, 1, 1),
        new Conv(2, 6, 6, 8, 12, 3, 3, 1, 1, 1, 2),
        new Conv(2, 7, 6, 12, 48, 3, 3, 2, 1, 1, 3),
        new Conv(2, 6, 6, 64, 64, 3, 3, 1, 2, 2, 2));
  }

  static List<Conv> depthwise() {
    return Stream.of(1, 3, 8, 16, 20, 32, 36, 64)
        .flatMap(
            c ->
                Stream.of(
                    new Conv(3, 8, 8, c, c, 3, 3, 1, 1, 1, c),
                    new Conv(2, 7, 9, c, c, 3, 3, 2, 1, 1, c),
                    new Conv(2, 8, 8, c, c, 5, 5, 1, 2, 1, c),
                    new Conv(2, 8, 8, c, c, 5, 5, 2, 2, 1, c),
                    new Conv(2, 9, 8, c, c, 3, 3, 1, 2, 2, c),
                    new Conv(2, 8, 8, c, c, 3, 3, 2, 2, 2, c),
                    new Conv(2, 9, 9, c, c, 5, 5, 1, 4, 2, c),
                    new Conv(1, 6, 6, c, c, 5, 5, 2, 4, 2, c)))
        .toList();
  }

  /** Convolutions of one input: alike and of all kinds, as the edges of a cell have them. */
  static List<List<Conv>> fans() {
    Conv wide = new Conv(3, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1);
    Conv point = new Conv(3, 8, 8, 16, 16, 1, 1, 1, 0, 1, 1);
    Conv narrow = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 1, 1, 1);
    Conv narrowPoint = new Conv(2, 7, 7, 8, 8, 1, 1, 1, 0, 1, 1);
    Conv odd = new Conv(2, 7, 7, 8, 5, 5, 5, 2, 2, 1, 1);
    Conv dilated = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 2, 2, 1);
    Conv deep = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 1, 1, 8);
    Conv grouped = new Conv(2, 7, 7, 8, 12, 3, 3, 1, 1, 1, 2);
    return List.of(
        List.of(wide, wide, wide, point, point, point),
        List.of(point, wide, point, wide),
        List.of(point, point),
        List.of(narrow, narrow, narrow, narrowPoint, narrowPoint, narrowPoint),
        List.of(narrow, odd, dilated, narrowPoint),
        List.of(deep, narrow, grouped, deep));
  }

  static Stream<List<Conv>> single() {
    return Stream.concat(geometries().stream(), depthwise().stream()).map(List::of);
  }

  @ParameterizedTest
  @MethodSource({"single", "fans"})
  void convolutionsAreThoseOfTheOracle(List<Conv> convs) {
    int size = convs.stream().mapToInt(conv -> conv.outSize() + 2 * conv.out()).sum();
    for (boolean relu : new boolean[] {false, true}) {
      assertAlike(
          size,
          (b, y) -> {
            List<Fan.Arm> arms = new ArrayList<>();
            int at = 0;
            for (Conv conv : convs) {
              Buffer result = y.slice(at, conv.outSize());
              Buffer moments = y.slice(at + conv.outSize(), 2 * conv.out());
              arms.add(new Fan.Arm(conv, weight(b, conv, at), result, moments, null, null));
              at += conv.outSize() + 2 * conv.out();
            }
            b.conv(new Fan(relu, random(b, inSize(convs.getFirst()), 1), arms));
          });
    }
  }

  @ParameterizedTest
  @MethodSource({"single", "fans"})
  void gradientsOfTheInputAreThoseOfTheOracle(List<Conv> convs) {
    for (int form = 0; form < 8; form++) {
      boolean relu = (form & 1) != 0;
      boolean add = (form & 2) != 0;
      boolean rule = (form & 4) != 0;
      assertAlike(
          inSize(convs.getFirst()),
          (b, dx) -> b.convGrad(fan(b, relu, rule, convs, null), dx, add));
    }
  }

  @ParameterizedTest
  @MethodSource({"single", "fans"})
  void gradientsOfTheWeightsAreThoseOfTheOracle(List<Conv> convs) {
    int size = convs.stream().mapToInt(Conv::weightSize).sum();
    for (int form = 0; form < 8; form++) {
      boolean relu = (form & 1) != 0;
      boolean withInput = (form & 2) != 0;
      boolean rule = (form & 4) != 0;
      assertAlike(
          size,
          (b, dw) -> {
            Buffer dx = withInput ? random(b, inSize(convs.getFirst()), 5) : null;
            b.convGrad(fan(b, relu, rule, convs, dw), dx, false);
          });
    }
  }

  @Test
  void momentsKeepTheirDigitsWhenTheMeanIsLarge() {
    Conv conv = new Conv(4, 9, 9, 16, 16, 1, 1, 1, 0, 1, 1);
    assertAlike(
        32,
        (b, moments) -> {
          Buffer x = random(b, inSize(conv), 1);
          float[] shifted = new float[inSize(conv)];
          b.read(x, shifted);
          for (int i = 0; i < shifted.length; i++) {
            shifted[i] = 1000 + shifted[i];
          }
          b.write(shifted, x);
          float[] identity = new float[256];
          for (int i = 0; i < 16; i++) {
            identity[17 * i] = 1;
          }
          Buffer w = b.allocate(256);
          b.write(identity, w);
          Buffer y = b.allocate(conv.outSize());
          b.conv(new Fan(false, x, List.of(new Fan.Arm(conv, w, y, moments, null, null))));
          b.axpby(0, moments.slice(0, 16), 0, moments.slice(0, 16)); // the variances alone
        });
  }

  /** A fan for the backward pass; {@code dw} holds the gradients of all weights, or is null. */
  private static Fan fan(
      Backend b, boolean relu, boolean rule, List<Conv> convs, @Nullable Buffer dw) {
    List<Fan.Arm> arms = new ArrayList<>();
    int at = 0;
    for (Conv conv : convs) {
      Buffer y = random(b, conv.outSize(), 20 + at);
      Buffer coefficients = rule ? random(b, 4 * conv.out(), 40 + at) : null;
      Upstream upstream = new Upstream(random(b, conv.outSize(), 60 + at), coefficients);
      Buffer own = dw == null ? null : dw.slice(at, conv.weightSize());
      arms.add(new Fan.Arm(conv, weight(b, conv, at), y, null, upstream, own));
      at += conv.weightSize();
    }
    return new Fan(relu, random(b, inSize(convs.getFirst()), 1), arms);
  }

  private static Buffer weight(Backend b, Conv conv, int stream) {
    return random(b, conv.weightSize(), 100 + stream);
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
  void productsAreThoseOfTheOracle(int m, int n, int k) {
    for (int form = 0; form < 8; form++) {
      boolean transposeA = (form & 1) != 0;
      boolean transposeB = (form & 2) != 0;
      boolean add = (form & 4) != 0;
      assertAlike(
          m * n,
          (b, c) ->
              b.gemm(
                  transposeA,
                  transposeB,
                  m,
                  n,
                  k,
                  random(b, m * k, 1),
                  random(b, k * n, 2),
                  c,
                  add));
    }
  }

  @Test
  void lateCallsUseNoGarbageOfEarlierOnes() {
    Conv conv = new Conv(2, 6, 6, 10, 10, 3, 3, 1, 1, 1, 1);
    Buffer bad = one.allocate(inSize(conv));
    one.fill(bad, Float.NaN);
    Buffer y = one.allocate(conv.outSize());
    Buffer w = weight(one, conv, 0);
    Upstream upstream = new Upstream(bad, null);
    Fan fan = new Fan(false, bad, List.of(new Fan.Arm(conv, w, y, null, upstream, w)));
    one.conv(fan);
    one.convGrad(fan, one.allocate(inSize(conv)), false);
    fans().forEach(this::convolutionsAreThoseOfTheOracle);
    fans().forEach(this::gradientsOfTheInputAreThoseOfTheOracle);
    single().forEach(this::gradientsOfTheWeightsAreThoseOfTheOracle);
  }

  /**
   * Only the small change of closures and lists: not even an array of the size of an image. How
   * long the virtual machine takes until vectors stay in registers is its own affair.
   */
  @Test
  void steadyStateAllocatesNoArrays() {
    Conv conv = new Conv(8, 24, 24, 16, 16, 3, 3, 1, 1, 1, 1);
    Buffer x = random(one, inSize(conv), 1);
    Buffer w = random(one, conv.weightSize(), 2);
    Buffer y = random(one, conv.outSize(), 3);
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

  private interface Kernel {
    void run(Backend backend, Buffer result);
  }

  private void assertAlike(int size, Kernel kernel) {
    float[] wanted = result(oracle, size, kernel);
    float[] got = result(one, size, kernel);
    double scale = 0;
    for (float v : wanted) {
      scale = Math.max(scale, Math.abs(v));
    }
    for (int i = 0; i < size; i++) {
      assertThat((double) got[i]).as("element %s", i).isCloseTo(wanted[i], within(1e-5 * scale));
    }
    assertThat(result(two, size, kernel)).as("with two threads").isEqualTo(got);
    assertThat(result(five, size, kernel)).as("with five threads").isEqualTo(got);
  }

  private static org.assertj.core.data.Offset<Double> within(double tolerance) {
    return org.assertj.core.data.Offset.offset(tolerance);
  }

  private static float[] result(Backend backend, int size, Kernel kernel) {
    Buffer result = random(backend, size, 3);
    kernel.run(backend, result);
    float[] values = new float[size];
    backend.read(result, values);
    return values;
  }

  private static Buffer random(Backend backend, int size, int stream) {
    Rng rng = new Rng(7, stream);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = rng.uniform(i) * 2 - 1;
    }
    // From the middle of a longer array: kernels must respect the offset, and the ends.
    Buffer buffer = backend.allocate(size + 5).slice(3, size);
    backend.write(values, buffer);
    return buffer;
  }

  private static int inSize(Conv conv) {
    return conv.n() * conv.h() * conv.w() * conv.in();
  }
}
