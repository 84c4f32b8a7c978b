package org.espalier.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Fan;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.op.Add;
import org.espalier.op.BatchNorm;
import org.espalier.op.Concat;
import org.espalier.op.Conv2d;
import org.espalier.op.Pool2d;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;

/** What the tape computes together, and what it leaves to whoever computes it anyway. */
class JointOpTest {
  private static final Shape IMAGES = Shape.of(2, 4, 4, 3);
  private static final Shape WEIGHT = Shape.of(1, 1, 3, 3);
  private static final Conv2d PLAIN = new Conv2d(1, 0, 1, 1);
  private static final Conv2d RECTIFIED = PLAIN.withRelu(true);
  private static final BatchNorm NORM = new BatchNorm(1e-5f, true, false);

  /** Kernels as they are called; those of convolutions with their number of arms. */
  private final List<String> calls = new ArrayList<>();

  private final Backend backend = noting(new EjmlBackend());

  private Backend noting(Backend inner) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, kernel, arguments) -> {
              boolean fan = arguments != null && arguments[0] instanceof Fan;
              calls.add(kernel.getName() + (fan ? ((Fan) arguments[0]).arms().size() : ""));
              try {
                return kernel.invoke(inner, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private Tensor variable(Shape shape, int stream) {
    float[] values = new float[shape.size()];
    IntStream.range(0, values.length).forEach(i -> values[i] = new Rng(1, stream).normal(i));
    Buffer data = backend.allocate(values.length);
    backend.write(values, data);
    return Tensor.variable(shape, data, backend.allocate(values.length));
  }

  private Stream<String> calls(String kernel) {
    return calls.stream().filter(call -> call.startsWith(kernel));
  }

  private void differentiate(Tape tape, Tensor result) {
    Buffer upstream = backend.memory().take(result.shape().size());
    backend.fill(upstream, 1);
    tape.backwardFrom(result, upstream);
  }

  @Test
  void convolutionsOfOneTensorAreComputedTogetherWhenOneIsWanted() {
    Tensor x = variable(IMAGES, 0);
    try (Tape tape = Tape.training(backend, Rng.of(1))) {
      Tensor a = tape.apply(PLAIN, x, variable(WEIGHT, 1));
      Tensor b = tape.apply(PLAIN, x, variable(WEIGHT, 2));
      assertThat(calls("conv")).as("not yet").isEmpty();
      Tensor sum = tape.apply(new Add(), a, b);
      assertThat(calls("conv")).containsExactly("conv2");
      tape.apply(PLAIN, x, variable(WEIGHT, 3)).data();
      assertThat(calls("conv")).as("too late to join").containsExactly("conv2", "conv1");
      differentiate(tape, sum);
      assertThat(calls("convGrad")).as("of those that matter").containsExactly("convGrad2");
    }
  }

  @Test
  void anotherTensorOrAReluKeepsThemApart() {
    Tensor x = variable(IMAGES, 0);
    try (Tape tape = Tape.training(backend, Rng.of(1))) {
      Tensor a = tape.apply(PLAIN, x, variable(WEIGHT, 1));
      Tensor b = tape.apply(RECTIFIED, x, variable(WEIGHT, 2));
      Tensor c = tape.apply(PLAIN, variable(IMAGES, 5), variable(WEIGHT, 3));
      tape.apply(new Add(), a, b, c);
      assertThat(calls("conv")).containsExactly("conv1", "conv1", "conv1");
    }
  }

  @Test
  void whatOnlyArrangesTheirResultsWaitsWithThem() {
    Tensor x = variable(IMAGES, 0);
    try (Tape tape = Tape.training(backend, Rng.of(1))) {
      Tensor a = tape.apply(PLAIN, x, variable(WEIGHT, 1));
      Tensor b = tape.apply(PLAIN, x, variable(WEIGHT, 2));
      Tensor both = tape.apply(new Concat(3), a, b);
      Tensor c = tape.apply(PLAIN, x, variable(WEIGHT, 3));
      Tensor all = tape.apply(new Concat(3), both, c);
      assertThat(calls("co")).as("not yet").isEmpty();
      all.data();
      assertThat(calls("co"))
          .containsExactly("conv3", "copyBlocks", "copyBlocks", "copyBlocks", "copyBlocks");
      differentiate(tape, all);
      assertThat(calls("convGrad")).containsExactly("convGrad3");
    }
  }

  @Test
  void whatNobodyWantsIsNotComputed() {
    try (Tape tape = Tape.training(backend, Rng.of(1))) {
      tape.apply(PLAIN, variable(IMAGES, 0), variable(WEIGHT, 1));
    }
    assertThat(calls("conv")).isEmpty();
  }

  @Test
  void momentsThatAreExpectedComeWithTheConvolution() {
    try (Tape tape = Tape.training(backend, Rng.of(1))) {
      Tensor y = tape.apply(PLAIN, variable(IMAGES, 0), variable(WEIGHT, 1));
      tape.expectMoments(y);
      tape.apply(NORM, y);
      assertThat(calls("moments")).isEmpty();
      tape.apply(NORM, tape.apply(Pool2d.average(3, 1, 1), variable(IMAGES, 2)));
      assertThat(calls("moments")).as("a pool leaves them to others").hasSize(1);
    }
  }

  @Test
  void aGradientBehindANormalisationIsWrittenOutOnlyForWhoNeedsItSo() {
    try (Tape tape = Tape.training(backend, Rng.of(1))) {
      Tensor y = tape.apply(PLAIN, variable(IMAGES, 0), variable(WEIGHT, 1));
      differentiate(tape, tape.apply(NORM, y));
      assertThat(calls("gradient")).as("the convolution applies the rule").isEmpty();
    }
    try (Tape tape = Tape.training(backend, Rng.of(1))) {
      Tensor y = tape.apply(Pool2d.average(3, 1, 1), variable(IMAGES, 2));
      differentiate(tape, tape.apply(NORM, y));
      assertThat(calls("gradient")).as("the pool does not").hasSize(1);
    }
    try (Tape tape = Tape.training(backend, Rng.of(1))) {
      Tensor y = tape.apply(PLAIN, variable(IMAGES, 0), variable(WEIGHT, 1));
      differentiate(tape, tape.apply(new Add(), tape.apply(NORM, y), tape.apply(NORM, y), y));
      assertThat(calls("gradient")).as("nor where gradients meet").hasSize(3);
    }
  }

  @Test
  void whatRulesHoldIsGivenBack() {
    Tensor x = variable(IMAGES, 0);
    Tensor w = variable(WEIGHT, 1);
    long allocations = 0;
    for (int step = 0; step < 3; step++) {
      try (Tape tape = Tape.training(backend, Rng.of(1))) {
        Tensor y = tape.apply(PLAIN, x, w);
        differentiate(tape, tape.apply(new Add(), tape.apply(NORM, y), tape.apply(NORM, y)));
      }
      if (step > 0) {
        assertThat(backend.memory().allocations()).as("step " + step).isEqualTo(allocations);
      }
      allocations = backend.memory().allocations();
    }
  }
}
