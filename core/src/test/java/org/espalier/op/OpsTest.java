package org.espalier.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.stream.Stream;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.cpu.CpuBackends;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.check.BackendConformance;
import org.espalier.check.GradientCheck;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation, over all the inputs it declares. */
class OpsTest {
  private static final long SEED = 20260;

  static Stream<Sample> samples() {
    return Ops.samples();
  }

  static Stream<Sample> differentiable() {
    return Ops.samples().filter(s -> s.inputs().stream().anyMatch(Sample.Input::differentiable));
  }

  @ParameterizedTest
  @MethodSource("differentiable")
  void backwardIsTheDerivativeOfForward(Sample sample) {
    assertThat(GradientCheck.largestError(new EjmlBackend(), sample, SEED))
        .as("seed %d", SEED)
        .isLessThan(2e-3);
  }

  @ParameterizedTest
  @MethodSource("samples")
  void simdAgreesWithThePortableBackEnd(Sample sample) {
    assumeTrue(CpuBackends.simdAvailable(), "the Vector API is not available");
    try (Backend simd = CpuBackends.simd(2)) {
      assertThat(BackendConformance.largestError(simd, new EjmlBackend(), sample, SEED))
          .as("seed %d", SEED)
          .isLessThan(2e-5);
    }
  }

  @Test
  void aWrongShapeIsRefusedWithBothShapes() {
    assertThatThrownBy(
            () -> new Conv2d(1, 1, 1, 1).infer(Shape.of(64, 32, 32, 3), Shape.of(3, 3, 8, 16)))
        .hasMessage("conv2d: input [64, 32, 32, 3] has 3 channels, weight [3, 3, 8, 16] wants 8");
  }

  @Test
  void aShiftedConvolutionLosesTheFirstRowsAndColumns() {
    Conv2d shifted = new Conv2d(false, 2, 0, 1, 1, 1);
    Shape weight = Shape.of(1, 1, 3, 8);
    assertThat(shifted.infer(Shape.of(2, 32, 33, 3), weight)).isEqualTo(Shape.of(2, 16, 16, 8));
    assertThatThrownBy(() -> shifted.infer(Shape.of(2, 1, 4, 3), weight))
        .hasMessageContaining("[2, 1, 4, 3] is smaller than the window")
        .hasMessageContaining("shift 1");
    assertThatThrownBy(() -> new Conv2d(false, 2, 0, 1, 1, -1)).hasMessageContaining("-1");
  }

  @Test
  void theGradientOfAHardSampleIsThatOfTheSoftOne() {
    Backend backend = new EjmlBackend();
    try (Tape tape = Tape.training(backend, Rng.of(1))) {
      var grad = backend.allocate(3);
      Tensor p = Tensor.variable(Shape.of(1, 3), filled(backend, 0.2f, 0.5f, 0.3f), grad);
      Tensor hot = tape.apply(new OneHot(), p);
      float[] values = new float[3];
      backend.read(hot.data(), values);
      assertThat(values).containsExactly(0, 1, 0);
      tape.backwardFrom(hot, filled(backend, 5, 6, 7));
      backend.read(grad, values);
      assertThat(values).containsExactly(5, 6, 7);
    }
  }

  private static org.espalier.backend.Buffer filled(Backend backend, float... values) {
    var buffer = backend.allocate(values.length);
    backend.write(values, buffer);
    return buffer;
  }
}
