package org.espalier.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.cpu.CpuBackends;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.Conv2d;
import org.espalier.nn.Linear;
import org.espalier.nn.Module;
import org.espalier.nn.ParameterArena;
import org.espalier.op.Add;
import org.espalier.op.Concat;
import org.espalier.op.CrossEntropy;
import org.espalier.op.Dropout;
import org.espalier.op.GlobalAvgPool;
import org.espalier.op.Mul;
import org.espalier.op.Pool2d;
import org.espalier.op.Relu;
import org.espalier.op.Scale;
import org.espalier.optim.Clip;
import org.espalier.optim.Sgd;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TapeTest {
  private static final Rng RNG = Rng.of(1);

  private final Backend backend = new EjmlBackend();

  static Stream<Backend> backends() {
    Stream<Backend> portable = Stream.of(new EjmlBackend());
    return CpuBackends.simdAvailable()
        ? Stream.concat(portable, Stream.of(CpuBackends.simd(2)))
        : portable;
  }

  private Buffer buffer(float... values) {
    Buffer buffer = backend.memory().take(values.length);
    backend.write(values, buffer);
    return buffer;
  }

  private float[] read(Buffer buffer) {
    float[] values = new float[buffer.size()];
    backend.read(buffer, values);
    return values;
  }

  // ---- memory

  /** Convolution, batch norm, both pools, dropout, concatenation, linear. */
  private static Module network(ParameterArena.Namespace root) {
    Module stem =
        Conv2d.same(root, "stem", 3, 8, 3, 1)
            .then(new BatchNorm2d(root, "bn", 8, BatchNorm2d.Policy.TRAIN));
    Module left =
        Conv2d.depthwise(root, "left", 8, 3, 1, 1)
            .then(new BatchNorm2d(root, "l", 8, BatchNorm2d.Policy.SEARCH));
    Linear classifier = new Linear(root, "classifier", 16, 10);
    return (tape, images) -> {
      Tensor x = stem.forward(tape, images);
      Tensor a = left.forward(tape, tape.apply(new Relu(), x));
      Tensor b =
          tape.apply(
              new Dropout(0.2f, true, tape.nextStream()), tape.apply(Pool2d.max(3, 1, 1), x));
      Tensor both = tape.apply(new Concat(3), a, b);
      return classifier.forward(
          tape, tape.apply(new GlobalAvgPool(), tape.apply(Pool2d.average(3, 2, 1), both)));
    };
  }

  @ParameterizedTest
  @MethodSource("backends")
  void aSteadyTrainingStepAllocatesNoBuffers(Backend on) {
    ParameterArena arena = new ParameterArena();
    Module network = network(arena.root());
    arena.allocate(on, RNG);
    Sgd sgd = new Sgd(arena, 0.9f, 3e-4f, false);
    Tensor images = Tensor.constant(Shape.of(4, 9, 8, 3), on.allocate(4 * 9 * 8 * 3));
    Tensor labels = Tensor.constant(Shape.of(4), on.allocate(4));
    List<Long> allocations = new ArrayList<>();
    for (int step = 0; step < 10; step++) {
      arena.zeroGradients();
      try (Tape tape = Tape.training(on, RNG.split(step))) {
        tape.backward(tape.apply(new CrossEntropy(0.1f), network.forward(tape, images), labels));
      }
      Clip.byGlobalNorm(arena, 5);
      sgd.step(0.025f);
      allocations.add(on.memory().allocations());
    }
    assertThat(allocations.getFirst()).isPositive();
    assertThat(allocations.subList(1, 10))
        .as("after steps 2 to 10")
        .containsOnly(allocations.get(1));
  }

  @Test
  void closingATapeGivesEveryBufferBackOnce() {
    float[] seven = {1, 2, 3, 4, 5, 6, 7};
    Buffer gradient = backend.allocate(7);
    Tensor x = Tensor.variable(Shape.of(7), buffer(seven), gradient);
    try (Tape tape = Tape.training(backend, RNG)) {
      Tensor y = tape.apply(new Relu(), tape.apply(new Scale(2), x));
      tape.backwardFrom(y, buffer(seven));
    }
    long before = backend.memory().allocations();
    List<Buffer> taken = new ArrayList<>();
    while (backend.memory().allocations() == before) {
      taken.add(backend.memory().take(7));
    }
    assertThat(taken)
        .as("a buffer given back twice would be handed out twice")
        .doesNotHaveDuplicates();
  }

  @Test
  void anEvaluationKeepsNoMoreThanOneScope() {
    Shape shape = Shape.of(1000);
    try (Tape tape = Tape.inference(backend)) {
      Tensor x = tape.filled(shape, 1);
      for (int cell = 0; cell < 20; cell++) {
        Tensor input = x;
        x =
            tape.scope(
                () -> {
                  Tensor y = input;
                  for (int i = 0; i < 10; i++) {
                    y = tape.apply(new Scale(1.1f), y);
                  }
                  return y;
                });
      }
      assertThat(backend.memory().allocations())
          .as("20 results, 10 of the last scope")
          .isLessThanOrEqualTo(31);
      assertThat((double) read(x.data())[0])
          .isCloseTo(Math.pow(1.1, 200), org.assertj.core.data.Percentage.withPercentage(0.1));
    }
  }

  @Test
  void aScopeOfAnEvaluationLeavesItsResultAndWhatWasThereBefore() {
    try (Tape tape = Tape.inference(backend)) {
      Tensor outer = tape.filled(Shape.of(3), 1);
      Tensor[] inner = new Tensor[1];
      Tensor result =
          tape.scope(
              () -> {
                inner[0] = tape.apply(new Scale(2), outer);
                return tape.apply(new Scale(3), inner[0]);
              });
      assertThat(read(result.data())).containsOnly(6);
      assertThat(read(outer.data())).containsOnly(1);
      assertThat(tape.scope(() -> outer)).isSameAs(outer);
      assertThat(read(outer.data())).containsOnly(1);
      assertThatThrownBy(inner[0]::data).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void aScopeOfATrainingPassKeepsWhatTheBackwardPassNeeds() {
    Buffer gradient = backend.allocate(1);
    Tensor x = Tensor.variable(Shape.of(1), buffer(3), gradient);
    try (Tape tape = Tape.training(backend, RNG)) {
      Tensor cube = tape.scope(() -> tape.apply(new Mul(), x, tape.apply(new Mul(), x, x)));
      tape.backward(cube);
    }
    assertThat(read(gradient)).containsExactly(27);
  }

  @Test
  void readingAReleasedTensorSaysWhatToDo() {
    Tensor x = Tensor.variable(Shape.of(2), buffer(1, 2), backend.allocate(2));
    Tensor early;
    Tensor kept;
    Tensor last;
    try (Tape tape = Tape.training(backend, RNG)) {
      early = tape.apply(new Scale(2), x);
      kept = tape.apply(new Scale(3), early);
      last = tape.apply(new Scale(4), kept);
      tape.backwardFrom(last, buffer(1, 1), kept);
      assertThatThrownBy(early::data)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("tensor [2] was released by its tape; keep() it to read it later");
      assertThat(read(kept.data())).containsExactly(6, 12);
      assertThat(read(last.data())).containsExactly(24, 48);
    }
    assertThatThrownBy(kept::data).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(last::data).isInstanceOf(IllegalStateException.class);
    assertThat(read(x.data())).as("a leaf is its owner's").containsExactly(1, 2);
  }

  // ---- gradients

  @Test
  void aTensorUsedTwiceGetsTheSumOfBothGradients() {
    Buffer gradient = backend.allocate(1);
    Tensor x = Tensor.variable(Shape.of(1), buffer(3), gradient);
    try (Tape tape = Tape.training(backend, RNG)) {
      Tensor twice = tape.apply(new Scale(2), x); // used twice itself, and x three times
      Tensor y =
          tape.apply(
              new Add(), tape.apply(new Mul(), twice, twice), tape.apply(new Mul(), twice, x), x);
      tape.backward(y);
    }
    // y = 4x^2 + 2x^2 + x
    assertThat(read(gradient)).containsExactly(12 * 3 + 1);
  }

  @Test
  void anOperationThatTakesOneTensorTwiceGetsBothGradients() {
    Buffer gradient = backend.allocate(2);
    Tensor x = Tensor.variable(Shape.of(2), buffer(3, 4), gradient);
    try (Tape tape = Tape.training(backend, RNG)) {
      tape.backwardFrom(tape.apply(new Add(), x, x, x), buffer(1, 10));
    }
    assertThat(read(gradient)).containsExactly(3, 30);
  }

  @Test
  void gradientsOfLeavesAreAddedUpFromTapeToTape() {
    Buffer gradient = backend.allocate(1);
    Tensor x = Tensor.variable(Shape.of(1), buffer(3), gradient);
    for (int chunk = 0; chunk < 3; chunk++) {
      try (Tape tape = Tape.training(backend, RNG)) {
        tape.backward(tape.apply(new Scale(2), x));
      }
    }
    assertThat(read(gradient)).containsExactly(6);
  }

  @Test
  void whatDoesNotReachTheLossGetsNoGradient() {
    Buffer gradient = backend.allocate(1);
    Tensor x = Tensor.variable(Shape.of(1), buffer(3), gradient);
    try (Tape tape = Tape.training(backend, RNG)) {
      tape.apply(new Scale(100), x);
      tape.backward(tape.apply(new Scale(2), x));
    }
    assertThat(read(gradient)).containsExactly(2);
  }

  @Test
  void backwardWantsOneElementThatDependsOnAParameter() {
    Tensor x = Tensor.variable(Shape.of(2), buffer(1, 2), backend.allocate(2));
    try (Tape tape = Tape.training(backend, RNG)) {
      Tensor y = tape.apply(new Scale(2), x);
      assertThatThrownBy(() -> tape.backward(y))
          .hasMessage("backward: loss [2] must be one element");
      Tensor constant = tape.apply(new Scale(2), tape.filled(Shape.of(1), 1));
      assertThatThrownBy(() -> tape.backward(constant)).isInstanceOf(IllegalStateException.class);
    }
    try (Tape tape = Tape.inference(backend)) {
      Tensor y = tape.apply(new Scale(2), x);
      assertThatThrownBy(() -> tape.backwardFrom(y, buffer(1, 1)))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  // ---- shared operations

  @Test
  void aSharedOperationIsComputedOnceForEachInput() {
    Buffer gradient = backend.allocate(2);
    Tensor x = Tensor.variable(Shape.of(2), buffer(1, -2), gradient);
    try (Tape tape = Tape.training(backend, RNG)) {
      Tensor once = tape.apply(new Relu(), x);
      assertThat(tape.apply(new Relu(), x)).as("the same result").isSameAs(once);
      Tensor other = tape.apply(new Scale(1), x);
      assertThat(tape.apply(new Relu(), other)).as("another input").isNotSameAs(once);
      assertThat(tape.apply(new Scale(1), x))
          .as("an operation that is not shared")
          .isNotSameAs(other);
      tape.backwardFrom(tape.apply(new Add(), once, tape.apply(new Relu(), x)), buffer(1, 1));
    }
    assertThat(read(gradient)).as("each use delivers its gradient").containsExactly(2, 0);
  }

  @Test
  void poolsAreSharedByTheirAttributes() {
    try (Tape tape = Tape.inference(backend)) {
      Tensor x = tape.filled(Shape.of(1, 4, 4, 1), 1);
      Tensor once = tape.apply(Pool2d.average(3, 1, 1), x);
      assertThat(tape.apply(Pool2d.average(3, 1, 1), x)).isSameAs(once);
      assertThat(tape.apply(Pool2d.max(3, 1, 1), x)).isNotSameAs(once);
      assertThat(tape.apply(Pool2d.average(3, 2, 1), x)).isNotSameAs(once);
    }
  }

  @Test
  void aSharedResultOfAScopeIsNotHandedOutOnceItIsReleased() {
    try (Tape tape = Tape.inference(backend)) {
      Tensor x = tape.filled(Shape.of(2), -1);
      tape.scope(() -> tape.apply(new Scale(2), tape.apply(new Relu(), x)));
      assertThat(read(tape.apply(new Relu(), x).data())).containsOnly(0);
    }
  }

  @Test
  void momentsAreComputedOnceForEachTensor() {
    try (Tape tape = Tape.inference(backend)) {
      Tensor x = tape.constant(Shape.of(4, 1), 1, 2, 3, 6);
      assertThat(read(tape.moments(x))).containsExactly(3, 3.5f);
      assertThat(tape.moments(x)).isSameAs(tape.moments(x));
    }
  }

  // ---- randomness

  @Test
  void everyDrawOfATapeHasAStreamOfItsOwnAndATapeIsRepeatable() {
    try (Tape one = Tape.training(backend, RNG);
        Tape again = Tape.training(backend, RNG)) {
      Rng first = one.nextStream();
      assertThat(one.nextStream()).isNotEqualTo(first);
      assertThat(again.nextStream()).isEqualTo(first);
    }
  }
}
