package org.espalier.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import java.util.Objects;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.op.Scale;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;

class ModuleTest {
  private static final Rng RNG = Rng.of(5);

  private final Backend backend = new EjmlBackend();

  private float[] read(Buffer buffer) {
    float[] values = new float[buffer.size()];
    backend.read(buffer, values);
    return values;
  }

  // ---- batch normalisation

  private record Norm(ParameterArena arena, BatchNorm2d module) {
    static Norm of(BatchNorm2d.Policy policy, Backend backend) {
      ParameterArena arena = new ParameterArena();
      BatchNorm2d module = new BatchNorm2d(arena.root(), "bn", 1, policy);
      arena.allocate(backend, RNG);
      return new Norm(arena, module);
    }

    float[] apply(Tape tape, float... values) {
      Tensor y = module.forward(tape, tape.constant(Shape.of(values.length, 1, 1, 1), values));
      float[] result = new float[values.length];
      tape.backend().read(y.data(), result);
      return result;
    }
  }

  /** Of 1 and 5: mean 3, biased variance 4. */
  @Test
  void withTheStatisticsOfTheBatchEvaluationIsAsTraining() {
    Norm norm = Norm.of(BatchNorm2d.Policy.SEARCH, backend);
    assertThat(norm.arena.states()).as("nothing is tracked").isEmpty();
    assertThat(norm.arena.parameters()).as("nothing is learned").isEmpty();
    assertThat(norm.module.plain()).isTrue();
    for (int pass = 0; pass < 2; pass++) {
      try (Tape training = Tape.training(backend, RNG);
          Tape inference = Tape.inference(backend)) {
        assertThat(norm.apply(training, 1, 5)).containsExactly(new float[] {-1, 1}, within(1e-5f));
        assertThat(norm.apply(inference, 1, 5)).containsExactly(new float[] {-1, 1}, within(1e-5f));
        assertThat(norm.apply(inference, 100, 500))
            .containsExactly(new float[] {-1, 1}, within(1e-5f));
      }
    }
  }

  @Test
  void trackedStatisticsServeInEvaluationAndMoveInTrainingOnly() {
    Norm norm = Norm.of(BatchNorm2d.Policy.TRAIN, backend);
    Buffer running = Objects.requireNonNull(norm.arena.states().get("bn.running")).buffer();
    assertThat(read(running)).as("mean and variance at first").containsExactly(0, 1);
    try (Tape inference = Tape.inference(backend)) {
      assertThat(norm.apply(inference, 1, 5)).containsExactly(new float[] {1, 5}, within(1e-4f));
    }
    assertThat(read(running)).as("after an evaluation").containsExactly(0, 1);
    try (Tape training = Tape.training(backend, RNG)) {
      assertThat(norm.apply(training, 1, 5)).containsExactly(new float[] {-1, 1}, within(1e-5f));
    }
    // 0.9 of the old and 0.1 of the new; the variance unbiased, 8.
    assertThat(read(running)).containsExactly(new float[] {0.3f, 1.7f}, within(1e-6f));
    try (Tape inference = Tape.inference(backend)) {
      assertThat(norm.apply(inference, 0.3f)).containsExactly(new float[] {0}, within(1e-6f));
    }
  }

  @Test
  void anAffineNormStartsAsThePlainOne() {
    Norm norm = Norm.of(BatchNorm2d.Policy.SEARCH_AFFINE, backend);
    assertThat(norm.arena.parameters())
        .extracting(Parameter::name)
        .containsExactly("bn.weight", "bn.bias");
    assertThat(read(norm.arena.values())).containsExactly(1, 0);
    assertThat(norm.arena.states()).isEmpty();
    assertThat(norm.module.plain()).isFalse();
    backend.write(new float[] {10, 7}, norm.arena.values());
    try (Tape tape = Tape.inference(backend)) {
      assertThat(norm.apply(tape, 1, 5)).containsExactly(new float[] {-3, 17}, within(1e-4f));
    }
  }

  // ---- names and layout

  @Test
  void parametersAreNamedByTheirPathAndLieOneBehindTheOther() {
    ParameterArena arena = new ParameterArena();
    ParameterArena.Namespace cell = arena.root().child("cells.0");
    Conv2d.same(cell.child("a"), "conv.weight", 3, 8, 3, 2);
    new BatchNorm2d(cell.child("a"), "bn", 8, BatchNorm2d.Policy.TRAIN);
    Conv2d.depthwise(cell, "dw.weight", 8, 5, 1, 2);
    new Linear(arena.root(), "classifier", 8, 10);
    assertThat(arena.parameters())
        .extracting(Parameter::name, Parameter::shape, Parameter::offset)
        .containsExactly(
            tuple("cells.0.a.conv.weight", Shape.of(3, 3, 3, 8), 0),
            tuple("cells.0.a.bn.weight", Shape.of(8), 216),
            tuple("cells.0.a.bn.bias", Shape.of(8), 224),
            tuple("cells.0.dw.weight", Shape.of(5, 5, 1, 8), 232),
            tuple("classifier.weight", Shape.of(8, 10), 432),
            tuple("classifier.bias", Shape.of(10), 512));
    assertThat(arena.size()).isEqualTo(522);
    assertThat(arena.states()).containsOnlyKeys("cells.0.a.bn.running");
  }

  @Test
  void aConvolutionKeepsTheExtentUpToItsStride() {
    ParameterArena arena = new ParameterArena();
    Module same = Conv2d.same(arena.root(), "a", 3, 8, 5, 1);
    Module halving = Conv2d.same(arena.root(), "b", 8, 8, 3, 2);
    Module dilated = Conv2d.depthwise(arena.root(), "c", 8, 5, 1, 2);
    arena.allocate(backend, RNG);
    try (Tape tape = Tape.inference(backend)) {
      Tensor x = same.forward(tape, tape.filled(Shape.of(2, 8, 6, 3), 1));
      assertThat(x.shape()).isEqualTo(Shape.of(2, 8, 6, 8));
      assertThat(dilated.forward(tape, x).shape()).isEqualTo(Shape.of(2, 8, 6, 8));
      assertThat(halving.forward(tape, x).shape()).isEqualTo(Shape.of(2, 4, 3, 8));
    }
  }

  // ---- initial values

  /**
   * Within 1/sqrt(fan in), as PyTorch does: 27 inputs to a 3x3 convolution of 3 channels, 25 to a
   * depthwise 5x5.
   */
  @Test
  void weightsStartUniformlyWithinOneOverTheRootOfTheirInputs() {
    ParameterArena arena = new ParameterArena();
    Conv2d.same(arena.root(), "conv", 3, 500, 3, 1);
    Conv2d.depthwise(arena.root(), "depthwise", 500, 5, 1, 1);
    new Linear(arena.root(), "linear", 64, 200);
    arena.allocate(backend, RNG);
    assertUniform(arena, "conv", 1 / Math.sqrt(27));
    assertUniform(arena, "depthwise", 1.0 / 5);
    assertUniform(arena, "linear.weight", 1.0 / 8);
    assertUniform(arena, "linear.bias", 1.0 / 8);
  }

  private void assertUniform(ParameterArena arena, String name, double bound) {
    Parameter parameter =
        arena.parameters().stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow();
    float[] values = read(parameter.tensor().data());
    double sum = 0;
    double squares = 0;
    double largest = 0;
    for (float value : values) {
      sum += value;
      squares += (double) value * value;
      largest = Math.max(largest, Math.abs(value));
    }
    double noise = 5 * bound / Math.sqrt(values.length); // about nine standard errors of the mean
    assertThat(largest)
        .as(name)
        .isLessThanOrEqualTo(bound * (1 + 1e-6))
        .isGreaterThan(0.95 * bound);
    assertThat(sum / values.length).as("mean of %s", name).isCloseTo(0, within(noise));
    assertThat(squares / values.length)
        .as("variance of %s", name)
        .isCloseTo(bound * bound / 3, within(noise * bound));
  }

  /**
   * A weight is drawn from a stream of its name: what else there is, and in what order, does not
   * matter.
   */
  @Test
  void initialValuesDependOnTheSeedAndTheNameAlone() {
    ParameterArena alone = new ParameterArena();
    Parameter wanted = alone.root().parameter("b", Shape.of(9), Init.normal(1));
    alone.allocate(backend, RNG);
    ParameterArena both = new ParameterArena();
    Parameter a = both.root().parameter("a", Shape.of(9), Init.normal(1));
    Parameter b = both.root().parameter("b", Shape.of(9), Init.normal(1));
    both.allocate(backend, RNG);
    assertThat(read(b.tensor().data())).isEqualTo(read(wanted.tensor().data()));
    assertThat(read(a.tensor().data())).isNotEqualTo(read(b.tensor().data()));
    ParameterArena other = new ParameterArena();
    Parameter differs = other.root().parameter("b", Shape.of(9), Init.normal(1));
    other.allocate(backend, Rng.of(6));
    assertThat(read(differs.tensor().data())).isNotEqualTo(read(wanted.tensor().data()));
  }

  // ---- the arena

  @Test
  void gradientsOfAllParametersLieInTheArenaAndCanBeSwitchedOff() {
    ParameterArena arena = new ParameterArena();
    arena.root().parameter("first", Shape.of(2), Init.ones());
    Parameter second = arena.root().parameter("second", Shape.of(3), Init.ones());
    arena.allocate(backend, RNG);
    try (Tape tape = Tape.training(backend, RNG)) {
      Buffer upstream = backend.memory().take(3);
      backend.write(new float[] {1, 2, 3}, upstream);
      tape.backwardFrom(tape.apply(new Scale(10), second.tensor()), upstream);
    }
    assertThat(read(arena.gradients())).containsExactly(0, 0, 10, 20, 30);
    arena.zeroGradients();
    assertThat(read(arena.gradients())).containsOnly(0);
    arena.differentiate(false);
    assertThat(second.tensor().requiresGrad()).isFalse();
    assertThat(read(second.tensor().data())).as("the values are the same").containsOnly(1);
    arena.differentiate(true);
    assertThat(second.tensor().requiresGrad()).isTrue();
  }

  @Test
  void anArenaIsAllocatedBeforeItIsReadAndDeclaredBeforeItIsAllocated() {
    ParameterArena arena = new ParameterArena();
    Parameter early = arena.root().parameter("early", Shape.of(2), Init.ones());
    assertThatThrownBy(early::tensor)
        .hasMessageContaining("early")
        .hasMessageContaining("not been allocated");
    assertThatThrownBy(arena::values).hasMessageContaining("not been allocated");
    arena.allocate(backend, RNG);
    assertThatThrownBy(() -> arena.root().parameter("late", Shape.of(2), Init.ones()))
        .hasMessageContaining("late")
        .hasMessageContaining("after its arena was allocated");
  }
}
