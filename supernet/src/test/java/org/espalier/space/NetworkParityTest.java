package org.espalier.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.nn.Parameter;
import org.espalier.nn.ParameterArena;
import org.espalier.op.Add;
import org.espalier.op.CrossEntropy;
import org.espalier.op.Scale;
import org.espalier.parity.Fixture;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The networks that architectures are trained as, against PyTorch: one training pass, then one
 * evaluation pass.
 */
@Tag("device")
class NetworkParityTest {
  private static final double TOLERANCE = 1e-4;
  private static final Rng RNG = Rng.of(1);

  static Stream<Arguments> networks() {
    return Stream.of("nasbench201-network", "darts-network", "darts-network-auxiliary")
        .flatMap(name -> Fixture.backends().map(backend -> Arguments.of(name, backend)));
  }

  @ParameterizedTest
  @MethodSource("networks")
  void aTrainingPassAndTheEvaluationAfterItAreThoseOfPyTorch(String name, Backend backend) {
    Fixture fixture = Fixture.of(name);
    ParameterArena arena = new ParameterArena();
    Network network = network(fixture, arena.root());
    arena.allocate(backend, RNG);
    fixture.load("w/", arena);
    Tensor images = fixture.tensor(backend, "input");

    try (Tape tape = Tape.training(backend, RNG)) {
      Network.Output output = network.forward(tape, images, 0);
      Tensor loss = loss(fixture, tape, output);
      fixture.assertTensor("logits", backend, output.logits().data(), TOLERANCE);
      if (output.auxiliary() != null) {
        fixture.assertTensor("aux_logits", backend, output.auxiliary().data(), TOLERANCE);
      }
      fixture.assertTensor("loss", backend, loss.data(), TOLERANCE);
      tape.backward(loss);
    }
    assertGradients(fixture, arena);
    assertRunningStatistics(fixture, arena);

    try (Tape tape = Tape.inference(backend)) {
      Network.Output output = network.forward(tape, images, 0);
      fixture.assertTensor("eval_logits", backend, output.logits().data(), TOLERANCE);
      assertThat(output.auxiliary()).as("there is no auxiliary head in evaluation").isNull();
    }
  }

  private static Network network(Fixture fixture, ParameterArena.Namespace root) {
    String widths = fixture.note("auxiliary_widths");
    if (widths.isEmpty()) {
      return fixture.space().network(root, genotype(fixture), fixture.size(), false);
    }
    String[] both = widths.split(" ");
    var small =
        new DartsNetworks.AuxiliaryWidths(Integer.parseInt(both[0]), Integer.parseInt(both[1]));
    return DartsNetworks.network(new DartsSpace(), root, genotype(fixture), fixture.size(), small);
  }

  /**
   * DARTS' fixtures hold their genotype as {@code {"normal": [["sep_conv_3x3", 0], ...], "reduce":
   * [...]}}.
   */
  private static Genotype genotype(Fixture fixture) {
    String note = fixture.note("genotype");
    if (!note.startsWith("{")) {
      return fixture.space().parse(note);
    }
    try {
      JsonNode json = new ObjectMapper().readTree(note);
      List<Genotype.Cell> cells = new ArrayList<>();
      for (String kind : List.of("normal", "reduce")) {
        List<Gene> genes = new ArrayList<>();
        json.get(kind)
            .forEach(
                p ->
                    genes.add(new Gene(p.get(1).asInt(), 2 + genes.size() / 2, p.get(0).asText())));
        cells.add(new Genotype.Cell(kind, genes));
      }
      return new Genotype("darts", cells);
    } catch (JsonProcessingException e) {
      throw new AssertionError(note, e);
    }
  }

  private static Tensor loss(Fixture fixture, Tape tape, Network.Output output) {
    Tensor labels = fixture.tensor(tape.backend(), "labels");
    Tensor loss = tape.apply(new CrossEntropy(0), output.logits(), labels);
    boolean wanted = !fixture.note("auxiliary").isEmpty();
    assertThat(output.auxiliary() != null).as("auxiliary head").isEqualTo(wanted);
    if (output.auxiliary() == null) {
      return loss;
    }
    Tensor side = tape.apply(new CrossEntropy(0), output.auxiliary(), labels);
    return tape.apply(
        new Add(), loss, tape.apply(new Scale(Float.parseFloat(fixture.note("auxiliary"))), side));
  }

  /**
   * Each parameter by itself, relative to its own largest gradient; but what is small beside the
   * largest of all carries the rounding of sums that are as large, so that the scale goes down to a
   * thousandth of it only.
   */
  private static void assertGradients(Fixture fixture, ParameterArena arena) {
    float[] all = Fixture.read(arena.backend(), arena.gradients());
    double floor = 0;
    for (Parameter parameter : arena.parameters()) {
      floor = Math.max(floor, 1e-3 * largest(fixture.file().values("gw/" + parameter.name())));
    }
    for (Parameter parameter : arena.parameters()) {
      float[] wanted = fixture.file().values("gw/" + parameter.name());
      double scale = Math.max(floor, largest(wanted));
      double error = 0;
      for (int i = 0; i < wanted.length; i++) {
        error = Math.max(error, Math.abs((double) all[parameter.offset() + i] - wanted[i]));
      }
      assertThat(error / scale)
          .as("gradient of %s, relative error", parameter.name())
          .isLessThan(TOLERANCE);
    }
  }

  private static double largest(float[] values) {
    double largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  private static void assertRunningStatistics(Fixture fixture, ParameterArena arena) {
    Map<String, ParameterArena.State> states = arena.states();
    List<String> stored =
        fixture.file().tensors().keySet().stream()
            .filter(name -> name.startsWith("stat/") && name.endsWith("running_mean"))
            .map(name -> name.substring("stat/".length(), name.length() - "_mean".length()))
            .toList();
    assertThat(states.keySet()).containsExactlyInAnyOrderElementsOf(stored);
    states.forEach(
        (name, state) -> {
          float[] both = Fixture.read(arena.backend(), state.buffer());
          int channels = both.length / 2;
          fixture.assertTensor("stat/" + name + "_mean", Arrays.copyOf(both, channels), TOLERANCE);
          fixture.assertTensor(
              "stat/" + name + "_var", Arrays.copyOfRange(both, channels, 2 * channels), TOLERANCE);
        });
  }

  @Test
  void theAuxiliaryHeadHasThePublishedWidths() {
    DartsSpace darts = new DartsSpace();
    ParameterArena arena = new ParameterArena();
    darts.network(arena.root(), darts.parse("DARTS_V2"), new SearchSpace.Size(36, 20, 3, 10), true);
    assertThat(arena.parameters())
        .filteredOn(parameter -> parameter.name().startsWith("aux."))
        .extracting(Parameter::name, Parameter::shape)
        .containsExactly(
            tuple("aux.conv1.weight", Shape.of(1, 1, 4 * 4 * 36, 128)),
            tuple("aux.bn1.weight", Shape.of(128)),
            tuple("aux.bn1.bias", Shape.of(128)),
            tuple("aux.conv2.weight", Shape.of(2, 2, 128, 768)),
            tuple("aux.bn2.weight", Shape.of(768)),
            tuple("aux.bn2.bias", Shape.of(768)),
            tuple("aux.classifier.weight", Shape.of(768, 10)),
            tuple("aux.classifier.bias", Shape.of(10)));
  }

  /**
   * Drop path takes whole branches of single samples, in training only, and scales what it keeps.
   */
  @Test
  void dropPathActsInTrainingOnly() {
    Backend backend = new EjmlBackend();
    Fixture fixture = Fixture.of("darts-network");
    ParameterArena arena = new ParameterArena();
    Network network = network(fixture, arena.root());
    arena.allocate(backend, RNG);
    fixture.load("w/", arena);
    Tensor images = fixture.tensor(backend, "input");
    try (Tape tape = Tape.inference(backend)) {
      float[] plain = Fixture.read(backend, network.forward(tape, images, 0).logits().data());
      float[] dropping = Fixture.read(backend, network.forward(tape, images, 0.5f).logits().data());
      assertThat(dropping).isEqualTo(plain);
    }
    try (Tape tape = Tape.training(backend, RNG)) {
      float[] plain = Fixture.read(backend, network.forward(tape, images, 0).logits().data());
      float[] dropping = Fixture.read(backend, network.forward(tape, images, 0.5f).logits().data());
      assertThat(dropping).isNotEqualTo(plain);
    }
  }

  @Test
  void dropPathNeverFallsOnAnIdentity() {
    Backend backend = new EjmlBackend();
    DartsSpace darts = new DartsSpace();
    // Of four layers, 1 and 2 reduce: there the 8 skip connections have stride 2 and are factorized
    // reductions.
    String skips = "('skip_connect', 0), ('skip_connect', 1), ".repeat(4);
    Genotype genotype =
        darts.parse(
            "Genotype(normal=[%s], reduce=[%s])".formatted(skips, skips).replace(", ]", "]"));
    ParameterArena arena = new ParameterArena();
    Network network =
        darts.network(arena.root(), genotype, new SearchSpace.Size(4, 4, 3, 10), false);
    arena.allocate(backend, RNG);
    Tensor images = Tensor.constant(Shape.of(2, 8, 8, 3), backend.allocate(2 * 8 * 8 * 3));
    try (Tape tape = Tape.training(backend, RNG)) {
      network.forward(tape, images, 0.9f);
      assertThat(tape.nextStream())
          .as("one stream a drop path: 2 x 8 were drawn")
          .isEqualTo(RNG.split(16));
    }
  }
}
