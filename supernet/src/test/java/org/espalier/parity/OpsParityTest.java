package org.espalier.parity;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.espalier.autograd.Op;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.nn.BatchNorm2d;
import org.espalier.nn.Init;
import org.espalier.nn.ParameterArena;
import org.espalier.op.BatchNorm;
import org.espalier.op.Conv2d;
import org.espalier.op.CrossEntropy;
import org.espalier.op.Linear;
import org.espalier.op.Pool2d;
import org.espalier.optim.Adam;
import org.espalier.optim.Clip;
import org.espalier.optim.Sgd;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Single operations and optimisers against PyTorch: every case of the fixture, on both back ends.
 */
@Tag("device")
class OpsParityTest {
  private static final double TOLERANCE = 1e-5;
  private static final Rng RNG = Rng.of(1);
  private static final Fixture FIXTURE = Fixture.of("ops");

  static Stream<Arguments> cases() {
    List<String> names = new ArrayList<>(FIXTURE.file().metadata().keySet());
    names.remove("source");
    return names.stream()
        .flatMap(name -> Fixture.backends().map(backend -> Arguments.of(name, backend)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void isThatOfPyTorch(String name, Backend backend) {
    JsonNode a = attributes(name);
    switch (a.get("op").asText()) {
      case "conv2d" ->
          assertOp(
              backend,
              name,
              new Conv2d(
                  number(a, "stride"),
                  number(a, "padding"),
                  number(a, "dilation"),
                  number(a, "groups")),
              "x",
              "w");
      case "max_pool2d" ->
          assertOp(
              backend,
              name,
              Pool2d.max(number(a, "kernel"), number(a, "stride"), number(a, "padding")),
              "x");
      case "avg_pool2d" ->
          assertOp(
              backend,
              name,
              Pool2d.average(number(a, "kernel"), number(a, "stride"), number(a, "padding")),
              "x");
      case "linear" -> assertOp(backend, name, new Linear(), "x", "w", "b");
      case "batch_norm" -> assertBatchNorm(backend, name, a);
      case "cross_entropy" -> assertCrossEntropy(backend, name, a);
      case "sgd", "adam" -> assertOptimiser(backend, name, a);
      case "clip_by_norm" -> assertClip(backend, name, a);
      default -> throw new AssertionError(name + ": no test for operation " + a);
    }
  }

  private static JsonNode attributes(String name) {
    try {
      return new ObjectMapper().readTree(FIXTURE.note(name));
    } catch (JsonProcessingException e) {
      throw new AssertionError(name, e);
    }
  }

  private static int number(JsonNode attributes, String key) {
    return attributes.required(key).asInt();
  }

  private static float fraction(JsonNode attributes, String key) {
    return (float) attributes.required(key).asDouble();
  }

  /** The result, and the gradient of every input that the fixture has one of. */
  private static void assertOp(Backend backend, String name, Op op, String... inputs) {
    assertOp(
        backend,
        name,
        op,
        Arrays.stream(inputs).map(i -> FIXTURE.tensor(backend, name + "/" + i)).toList(),
        inputs);
  }

  private static void assertOp(
      Backend backend, String name, Op op, List<Tensor> values, String... inputs) {
    Tensor[] leaves = new Tensor[inputs.length];
    Buffer[] gradients = new Buffer[inputs.length];
    for (int i = 0; i < inputs.length; i++) {
      Tensor value = values.get(i);
      gradients[i] = backend.allocate(value.shape().size());
      boolean differentiable = FIXTURE.file().tensors().containsKey(name + "/d" + inputs[i]);
      leaves[i] =
          differentiable ? Tensor.variable(value.shape(), value.data(), gradients[i]) : value;
    }
    try (Tape tape = Tape.training(backend, RNG)) {
      Tensor y = tape.apply(op, leaves);
      FIXTURE.assertTensor(name + "/y", backend, y.data(), TOLERANCE);
      if (FIXTURE.file().tensors().containsKey(name + "/dy")) {
        tape.backwardFrom(y, FIXTURE.tensor(backend, name + "/dy").data());
      } else {
        tape.backward(y);
      }
    }
    int checked = 0;
    for (int i = 0; i < inputs.length; i++) {
      if (leaves[i].requiresGrad()) {
        FIXTURE.assertTensor(name + "/d" + inputs[i], backend, gradients[i], TOLERANCE);
        checked++;
      }
    }
    long stored =
        FIXTURE.file().tensors().keySet().stream().filter(t -> t.startsWith(name + "/d")).count();
    long upstream = FIXTURE.file().tensors().containsKey(name + "/dy") ? 1 : 0;
    assertThat(checked).as("gradients checked").isEqualTo((int) (stored - upstream));
  }

  private static void assertCrossEntropy(Backend backend, String name, JsonNode a) {
    assertOp(backend, name, new CrossEntropy(fraction(a, "label_smoothing")), "x", "labels");
  }

  private static void assertBatchNorm(Backend backend, String name, JsonNode a) {
    float eps = fraction(a, "eps");
    assertThat(eps).isEqualTo(BatchNorm2d.EPS);
    boolean affine = a.required("affine").asBoolean();
    if (a.required("statistics").asText().equals("tracked")) {
      Buffer moments = backend.allocate(12);
      backend.write(both(name, "running_mean", "running_var"), moments);
      List<Tensor> inputs =
          List.of(
              FIXTURE.tensor(backend, name + "/x"),
              Tensor.constant(Shape.of(2, 6), moments),
              FIXTURE.tensor(backend, name + "/gamma"),
              FIXTURE.tensor(backend, name + "/beta"));
      assertOp(
          backend, name, new BatchNorm(eps, false, true), inputs, "x", "moments", "gamma", "beta");
    } else {
      String[] inputs = affine ? new String[] {"x", "gamma", "beta"} : new String[] {"x"};
      assertOp(backend, name, new BatchNorm(eps, true, affine), inputs);
    }
    if (affine) {
      assertModule(backend, name, a);
    }
  }

  /** The module: which statistics it uses, and how it tracks them. */
  private static void assertModule(Backend backend, String name, JsonNode a) {
    ParameterArena arena = new ParameterArena();
    BatchNorm2d module = new BatchNorm2d(arena.root(), "bn", 6, BatchNorm2d.Policy.TRAIN);
    arena.allocate(backend, RNG);
    backend.write(both(name, "gamma", "beta"), arena.values());
    Buffer running = Objects.requireNonNull(arena.states().get("bn.running")).buffer();
    boolean batch = a.required("statistics").asText().equals("batch");
    String suffix = batch ? "_before" : "";
    backend.write(both(name, "running_mean" + suffix, "running_var" + suffix), running);
    try (Tape tape = batch ? Tape.training(backend, RNG) : Tape.inference(backend)) {
      Tensor y = module.forward(tape, FIXTURE.tensor(backend, name + "/x"));
      FIXTURE.assertTensor(name + "/y", backend, y.data(), TOLERANCE);
    }
    float[] after = Fixture.read(backend, running);
    FIXTURE.assertTensor(name + "/running_mean", Arrays.copyOf(after, 6), TOLERANCE);
    FIXTURE.assertTensor(name + "/running_var", Arrays.copyOfRange(after, 6, 12), TOLERANCE);
  }

  private static float[] both(String name, String first, String second) {
    float[] a = FIXTURE.file().values(name + "/" + first);
    float[] b = FIXTURE.file().values(name + "/" + second);
    float[] joined = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, joined, a.length, b.length);
    return joined;
  }

  private static ParameterArena arena(Backend backend, int size) {
    ParameterArena arena = new ParameterArena();
    arena.root().parameter("w", Shape.of(size), Init.zeros());
    return arena.allocate(backend, RNG);
  }

  private static void assertOptimiser(Backend backend, String name, JsonNode a) {
    ParameterArena arena = arena(backend, 7);
    backend.write(FIXTURE.file().values(name + "/w0"), arena.values());
    float rate = fraction(a, "lr");
    float decay = fraction(a, "weight_decay");
    Runnable step;
    if (name.equals("adam")) {
      assertThat(a.required("eps").asDouble()).as("the eps that Adam has built in").isEqualTo(1e-8);
      JsonNode betas = a.required("betas");
      Adam adam =
          new Adam(arena, (float) betas.get(0).asDouble(), (float) betas.get(1).asDouble(), decay);
      step = () -> adam.step(rate);
    } else {
      Sgd sgd = new Sgd(arena, fraction(a, "momentum"), decay, a.required("nesterov").asBoolean());
      step = () -> sgd.step(rate);
    }
    for (int t = 1; t <= 3; t++) {
      backend.write(FIXTURE.file().values(name + "/g" + t), arena.gradients());
      step.run();
      FIXTURE.assertTensor(name + "/w" + t, backend, arena.values(), TOLERANCE);
    }
  }

  private static void assertClip(Backend backend, String name, JsonNode a) {
    ParameterArena arena = arena(backend, 7);
    backend.write(FIXTURE.file().values(name + "/x"), arena.gradients());
    Buffer norm = backend.allocate(1);
    backend.norm(arena.gradients(), norm);
    FIXTURE.assertTensor(name + "/norm", backend, norm, TOLERANCE);
    Clip.byGlobalNorm(arena, fraction(a, "max_norm"));
    FIXTURE.assertTensor(name + "/y", backend, arena.gradients(), TOLERANCE);
  }
}
