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
import org.espalier.check.BackendConformance;
import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.Conv2d;
import org.espalier.nn.Module;
import org.espalier.nn.ParameterArena;
import org.espalier.op.Add;
import org.espalier.op.BatchNorm;
import org.espalier.op.Relu;
import org.espalier.op.Scale;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What an observer of a tape is told, and what it can do. */
class ObserverTest {
  private static final Rng RNG = Rng.of(3);
  private static final Shape IMAGES = Shape.of(2, 5, 4, 8);

  static Stream<Backend> backends() {
    Stream<Backend> portable = Stream.of(new EjmlBackend());
    return CpuBackends.simdAvailable()
        ? Stream.concat(portable, Stream.of(CpuBackends.simd(2)))
        : portable;
  }

  /** Two convolutions of one tensor, which the tape computes together, and two ReLUs of another. */
  private static Module network(ParameterArena.Namespace root) {
    Module a = Conv2d.same(root, "a", 8, 8, 3, 1).rectified().then(norm(root, "na"));
    Module b = Conv2d.same(root, "b", 8, 8, 1, 1).rectified().then(norm(root, "nb"));
    return (tape, x) -> {
      Tensor y = tape.scope(() -> tape.apply(new Add(), a.forward(tape, x), b.forward(tape, x)));
      return tape.scope(
          () -> tape.apply(new Add(), tape.apply(new Relu(), y), tape.apply(new Relu(), y)));
    };
  }

  private static Module norm(ParameterArena.Namespace root, String name) {
    return new BatchNorm2d(root, name, 8, BatchNorm2d.Policy.SEARCH);
  }

  private static final class Log implements Observer {
    private final List<String> applied = new ArrayList<>();
    private final List<Shape> ended = new ArrayList<>();

    @Override
    public void computed(Op op, List<Tensor> inputs, Tensor output) {
      assertThat(output.data().size()).isEqualTo(output.shape().size());
      assertThat(inputs).allMatch(input -> input.data().size() > 0);
      applied.add(op.getClass().getSimpleName());
    }

    @Override
    public void ended(Tensor part) {
      ended.add(part.shape());
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void isToldOfEachApplicationOnceAndOfNoContainer(Backend backend) {
    Log log = new Log();
    run(backend, log);
    assertThat(log.applied)
        .containsExactlyInAnyOrder(
            "Conv2d", "Conv2d", "BatchNorm", "BatchNorm", "Add", "Relu", "Relu", "Add");
    assertThat(log.ended).containsExactly(IMAGES, IMAGES);
  }

  @Test
  void cannotBeAttachedTwice() {
    try (Tape tape = Tape.inference(new EjmlBackend())) {
      Log log = new Log();
      tape.observe(log);
      assertThatThrownBy(() -> tape.observe(log)).hasMessageContaining("looks on twice");
    }
  }

  /** The gradient behind a batch normalisation is a rule until somebody wants to see it. */
  @ParameterizedTest
  @MethodSource("backends")
  void seesTheGradientsThatTheOperationIsDifferentiatedBy(Backend backend) {
    float[] unseen = run(backend, new Observer() {});
    List<Float> squares = new ArrayList<>();
    float[] seen =
        run(
            backend,
            new Observer() {
              @Override
              public boolean wantsGradient(Op op, Tensor output) {
                return op instanceof org.espalier.op.Conv2d;
              }

              @Override
              public void differentiating(
                  Op op, List<Tensor> inputs, Tensor output, Buffer gradient) {
                float sum = 0;
                for (float value : read(backend, gradient)) {
                  sum += value * value;
                }
                squares.add(sum);
              }
            });
    assertThat(squares).hasSize(2).allMatch(square -> square > 0);
    assertThat(BackendConformance.distance(seen, unseen)).isLessThan(1e-5);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void canPutAnotherGradientInItsPlace(Backend backend) {
    float[] gradient =
        run(
            backend,
            new Observer() {
              @Override
              public boolean wantsGradient(Op op, Tensor output) {
                return op instanceof Add;
              }

              @Override
              public void differentiating(
                  Op op, List<Tensor> inputs, Tensor output, Buffer gradient) {
                backend.fill(gradient, 0);
              }
            });
    assertThat(gradient).containsOnly(0);
  }

  @ParameterizedTest
  @MethodSource("backends")
  void canTakeSomethingElseInstead(Backend backend) {
    Log log = new Log();
    run(
        backend,
        log,
        new Observer() {
          @Override
          public @Nullable Tensor instead(Tape tape, Op op, Tensor... inputs) {
            return switch (op) {
              case BatchNorm norm -> inputs[0];
              case Relu relu -> tape.apply(new Scale(2), inputs[0]);
              default -> null;
            };
          }
        });
    assertThat(log.applied)
        .containsExactlyInAnyOrder("Conv2d", "Conv2d", "Add", "Scale", "Scale", "Add");
  }

  /** The gradients of all weights. */
  private static float[] run(Backend backend, Observer... observers) {
    ParameterArena arena = new ParameterArena();
    Module network = network(arena.root());
    arena.allocate(backend, RNG);
    float[] pixels = new float[IMAGES.size()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = RNG.normal(i);
    }
    try (Tape tape = Tape.training(backend, RNG)) {
      for (Observer observer : observers) {
        tape.observe(observer);
      }
      Tensor y = network.forward(tape, tape.constant(IMAGES, pixels));
      Buffer upstream = backend.memory().take(IMAGES.size());
      backend.write(pixels, upstream);
      tape.backwardFrom(y, upstream);
    }
    return read(backend, arena.gradients());
  }

  private static float[] read(Backend backend, Buffer buffer) {
    float[] values = new float[buffer.size()];
    backend.read(buffer, values);
    return values;
  }
}
