package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.espalier.cuda.CudaConvTest.random;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.espalier.InputException;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.DeviceException;
import org.espalier.backend.Fan;
import org.espalier.backend.Upstream;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.check.BackendConformance;
import org.espalier.check.KernelSpecification;
import org.espalier.op.Ops;
import org.espalier.op.Sample;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Products and convolutions by cuBLAS and cuDNN: those of the machine, or the emulator's. The same
 * specifications as for our kernels, bits that stay the same among them.
 */
class CudaLibrariesTest {
  private static final CudaOptions EXACT = new CudaOptions(false, true, true);
  private static final CudaOptions ROUNDED = new CudaOptions(true, true, true);
  private static final double TF32_TOLERANCE = 2e-3;

  @TempDir private Path folder;

  @BeforeEach
  void start() {
    Emulator.start();
    Libraries libraries = Libraries.ofThisMachine();
    Assumptions.assumeTrue(Cublas.find(libraries) != null, "this machine has no cuBLAS");
    Assumptions.assumeTrue(Cudnn.find(libraries) != null, "this machine has no cuDNN 9");
  }

  @AfterEach
  void clear() {
    System.clearProperty(Device.CAPTURE);
    System.clearProperty(Queue.LATE);
  }

  private static CudaBackend open(CudaOptions options) {
    return new CudaBackend(Device.open(0, 0), options);
  }

  /** Arms of both libraries and ours, together and alone. */
  private static List<List<Conv>> fans() {
    Conv wide = new Conv(3, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1);
    Conv point = new Conv(3, 8, 8, 16, 16, 1, 1, 1, 0, 1, 1);
    Conv narrow = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 1, 1, 1);
    Conv odd = new Conv(2, 7, 7, 8, 5, 5, 5, 2, 2, 1, 1);
    Conv dilated = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 2, 2, 1);
    Conv halved = new Conv(2, 7, 7, 8, 16, 1, 1, 2, 0, 1, 1);
    Conv deep = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 1, 1, 8);
    Conv grouped = new Conv(2, 7, 7, 8, 12, 3, 3, 1, 1, 1, 2);
    return List.of(
        List.of(wide, wide, point, point),
        List.of(narrow, odd, deep, dilated, halved, grouped),
        List.of(new Conv(2, 12, 5, 20, 17, 3, 3, 1, 1, 1, 1)),
        List.of(new Conv(2, 9, 9, 3, 16, 3, 3, 1, 1, 1, 1)),
        List.of(new Conv(2, 8, 9, 6, 18, 2, 4, 1, 1, 1, 1)),
        List.of(new Conv(2, 9, 8, 5, 7, 5, 5, 2, 4, 2, 1)), // the emulator's cuDNN has nothing
        List.of(new Conv(1, 12, 12, 3, 4, 9, 9, 1, 4, 1, 1)),
        List.of(new Conv(2, 6, 6, 10, 3, 1, 1, 1, 1, 1, 1)),
        List.of(halved, new Conv(2, 7, 7, 8, 16, 1, 1, 2, 0, 1, 1, 1)),
        List.of(new Conv(3, 1, 1, 5, 5, 3, 3, 1, 1, 1, 1)),
        List.of(new Conv(1, 2, 2, 128, 16, 2, 2, 1, 0, 1, 1)),
        List.of(new Conv(2, 5, 5, 32, 64, 1, 1, 1, 0, 1, 1)));
  }

  static Stream<KernelSpecification> products() {
    return Stream.concat(
        BackendConformance.convolutions(fans()),
        BackendConformance.kernels(1201, 9001)
            .filter(kernel -> kernel.text().matches("products.*|arms may share.*")));
  }

  /** On a GPU convolutions of all geometries that there are. */
  static Stream<KernelSpecification> kernels() {
    String what = Emulator.REAL ? ".*convolutions.*" : "moments of convolutions.*";
    return Stream.concat(
        products(),
        BackendConformance.kernels(1201, 9001).filter(kernel -> kernel.text().matches(what)));
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void doWhatTheOracleDoes(KernelSpecification kernel) {
    try (CudaBackend cuda = open(EXACT)) {
      assertThat(kernel.failures(new EjmlBackend(), cuda, cuda)).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("products")
  void giveTheSameToTenBitsByTensorCores(KernelSpecification kernel) {
    try (CudaBackend cuda = open(ROUNDED)) {
      KernelSpecification some = kernel.within(TF32_TOLERANCE).every(Emulator.REAL ? 1 : 3);
      assertThat(some.failures(new EjmlBackend(), cuda)).isEmpty();
    }
  }

  static Stream<Sample> samples() {
    return Ops.samples().filter(sample -> sample.toString().matches("(Conv|Linear).*"));
  }

  @ParameterizedTest
  @MethodSource("samples")
  void agreeWithThePortableBackEnd(Sample sample) {
    try (CudaBackend cuda = open(EXACT)) {
      assertThat(BackendConformance.largestError(cuda, new EjmlBackend(), sample, 20260))
          .isLessThan(2e-5);
    }
  }

  /** Rounded factors show; on a GPU the libraries are free to take none for what is so small. */
  @Test
  void tensorCoresAreUsedWhereTheyAreAskedFor() {
    float[][] exact = run(EXACT, 1).values();
    float[][] rounded = run(ROUNDED, 1).values();
    for (int i = 0; i < exact.length; i++) {
      assertThat(BackendConformance.distance(rounded[i], exact[i]))
          .isBetween(Emulator.REAL ? 0 : 1e-5, 1e-2);
    }
  }

  @Test
  void stepsThatAreReplayedEndInTheBitsOfThoseThatAreNot() {
    System.setProperty(Device.CAPTURE, "false");
    Run eager = run(EXACT, 5);
    System.clearProperty(Device.CAPTURE);
    Run captured = run(EXACT, 5);
    assertThat(eager.counters().replayed()).isZero();
    assertThat(captured.counters().replayed()).isPositive();
    assertThat(captured.values()).isDeepEqualTo(eager.values());
    Map<String, Long> launches = captured.counters().launches();
    assertThat(launches).isEqualTo(eager.counters().launches());
    if (!Emulator.REAL) { // a real cuDNN may leave some to us
      // A step has a convolution by each, in all three products, and a product.
      assertThat(launches)
          .containsEntry("cublasSgemm_v2", 5 * 4L)
          .containsEntry("cudnnConvolutionForward", 5L)
          .containsEntry("cudnnConvolutionBackwardData", 5L)
          .containsEntry("cudnnConvolutionBackwardFilter", 5L);
    }
  }

  @Test
  void workThatIsDoneLaterThanItCouldBeEndsInTheSameBits() {
    float[][] wanted = run(EXACT, 3).values();
    int seed = new Random().nextInt();
    System.out.println("late by seed " + seed);
    System.setProperty(Queue.LATE, String.valueOf(seed));
    assertThat(run(EXACT, 3).values()).isDeepEqualTo(wanted);
  }

  private record Run(float[][] values, Backend.Counters counters) {}

  /** Steps over a convolution by each library and one by ourselves, and a product. */
  private static Run run(CudaOptions options, int steps) {
    try (CudaBackend cuda = open(options)) {
      List<Conv> convs =
          List.of(
              new Conv(2, 6, 6, 8, 8, 3, 3, 1, 1, 1, 1),
              new Conv(2, 6, 6, 8, 8, 1, 1, 1, 0, 1, 1),
              new Conv(2, 6, 6, 8, 8, 3, 3, 1, 1, 1, 8));
      Buffer x = random(cuda, convs.getFirst().outSize(), 0);
      Buffer dx = random(cuda, x.size(), 1);
      List<Fan.Arm> arms =
          Stream.of(0, 1, 2)
              .map(
                  i -> {
                    Conv conv = convs.get(i);
                    Upstream upstream =
                        new Upstream(
                            random(cuda, conv.outSize(), 10 + i), random(cuda, 4 * 8, 20 + i));
                    return new Fan.Arm(
                        conv,
                        random(cuda, conv.weightSize(), 30 + i),
                        random(cuda, conv.outSize(), 40 + i),
                        random(cuda, 2 * 8, 50 + i),
                        upstream,
                        random(cuda, conv.weightSize(), 60 + i));
                  })
              .toList();
      Fan fan = new Fan(true, x, arms);
      Buffer product = random(cuda, 64, 70);
      for (int step = 0; step < steps; step++) {
        cuda.beginPass();
        cuda.conv(fan);
        cuda.convGrad(fan, dx, true);
        arms.forEach(arm -> cuda.axpby(-0.01f, Objects.requireNonNull(arm.dw()), 1, arm.w()));
        cuda.gemm(true, false, 8, 8, 72, x, dx, product, false);
        cuda.read(product, new float[64]);
      }
      List<Buffer> results =
          List.of(arms.get(0).y(), arms.get(1).y(), arms.get(0).w(), arms.get(1).w(), dx, product);
      float[][] values = results.stream().map(each -> read(cuda, each)).toArray(float[][]::new);
      return new Run(values, cuda.counters());
    }
  }

  private static float[] read(Backend backend, Buffer buffer) {
    float[] values = new float[buffer.size()];
    backend.read(buffer, values);
    return values;
  }

  @Test
  void whatFailsIsSaidInALineAndTheNextStepGoesOn() {
    Assumptions.assumeFalse(Emulator.REAL, "a real library cannot be steered");
    try (CudaBackend cuda = open(EXACT)) {
      Buffer a = random(cuda, 64, 0);
      Buffer c = random(cuda, 64, 1);
      cuda.read(c, new float[64]);
      Emulator.inject("cublasSgemm_v2", 0, 13);
      cuda.gemm(false, false, 8, 8, 8, a, a, c, false);
      assertThatThrownBy(() -> cuda.read(c, new float[64]))
          .isInstanceOf(DeviceException.class)
          .hasMessage("cuda: cublasSgemm_v2 failed: the function failed to launch on the GPU (13)");
      cuda.gemm(false, false, 8, 8, 8, a, a, c, false);
      cuda.read(c, new float[64]);
    }
  }

  @Test
  void whatThisMachineLacksIsNamed() {
    try (Device device = Device.open(0, 0)) {
      Libraries none = Libraries.of(List.of(folder));
      CudaBuffer workspace = device.allocate(64);
      assertThatThrownBy(() -> new Cublas(device, none, workspace, false))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith("device cuda,cublas: found no libcublas.so.12, libcublas.so.13");
      assertThatThrownBy(() -> new Cudnn(device, none, workspace, false))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith("device cuda,cudnn: found no libcudnn.so.9 in CUDA's folders");
    }
  }
}
