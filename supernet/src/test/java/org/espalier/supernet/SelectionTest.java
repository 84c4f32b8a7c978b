package org.espalier.supernet;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Fan;
import org.espalier.candidate.Candidates;
import org.espalier.check.BackendConformance;
import org.espalier.nn.Parameter;
import org.espalier.nn.ParameterArena;
import org.espalier.parity.Fixture;
import org.espalier.space.Genotype;
import org.espalier.space.Network;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a supernet makes of the selections it is handed. */
class SelectionTest {
  private static final Rng RNG = Rng.of(2);
  private static final Shape IMAGES = Shape.of(3, 8, 8, 3);
  private static final double TOLERANCE = 1e-5;

  static Stream<Arguments> spaces() {
    return Spaces.all().stream()
        .flatMap(space -> Fixture.backends().map(on -> Arguments.of(space, on)));
  }

  static Stream<Backend> backends() {
    return Fixture.backends();
  }

  private static SearchSpace.Size size(SearchSpace space) {
    return new SearchSpace.Size(4, space.name().equals("darts") ? 3 : 1, 3, 10);
  }

  private static Supernet supernet(SearchSpace space, Backend backend) {
    return Supernet.of(root -> space.supernet(root, size(space)), backend, RNG);
  }

  private static Tensor images(Backend backend) {
    float[] pixels = new float[IMAGES.size()];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = RNG.normal(i);
    }
    Buffer buffer = backend.allocate(pixels.length);
    backend.write(pixels, buffer);
    return Tensor.constant(IMAGES, buffer);
  }

  private static float[] logits(Supernet supernet, Backend backend, Selections selections) {
    try (Tape tape = Tape.inference(backend)) {
      return Fixture.read(backend, supernet.logits(tape, images(backend), selections).data());
    }
  }

  /** The candidate that a path takes on an edge. */
  private static int taken(SearchSpace space, Genotype genotype, int kind, int edge) {
    return ((Selection.One) space.path(genotype).at(kind, edge)).index();
  }

  /**
   * For each kind of cell, weights {@code [edges, candidates]} that are 1 on the path and 0
   * elsewhere.
   */
  private static List<Tensor> oneHot(SearchSpace space, Backend backend, Genotype genotype) {
    return weights(
        space, backend, (kind, edge, k) -> taken(space, genotype, kind, edge) == k ? 1 : 0);
  }

  private interface Weight {
    float of(int kind, int edge, int candidate);
  }

  private static List<Tensor> weights(SearchSpace space, Backend backend, Weight weight) {
    int columns = space.candidates().size();
    return IntStream.range(0, space.cells().size())
        .mapToObj(
            kind -> {
              int edges = space.cells().get(kind).edges().size();
              float[] values = new float[edges * columns];
              for (int i = 0; i < values.length; i++) {
                values[i] = weight.of(kind, i / columns, i % columns);
              }
              Buffer buffer = backend.allocate(values.length);
              backend.write(values, buffer);
              return Tensor.variable(
                  Shape.of(edges, columns), buffer, backend.allocate(values.length));
            })
        .toList();
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void aPathIsTheSameHoweverItIsSelected(SearchSpace space, Backend backend) {
    Supernet supernet = supernet(space, backend);
    for (int seed = 0; seed < 3; seed++) {
      Genotype genotype = space.random(Rng.of(seed));
      List<Tensor> oneHot = oneHot(space, backend, genotype);
      float[] path = logits(supernet, backend, space.path(genotype));
      float[] ungated =
          logits(
              supernet,
              backend,
              (kind, edge) -> Selection.One.of(taken(space, genotype, kind, edge)));
      float[] gated =
          logits(
              supernet,
              backend,
              (kind, edge) ->
                  new Selection.One(taken(space, genotype, kind, edge), oneHot.get(kind), edge));
      float[] all =
          logits(supernet, backend, (kind, edge) -> new Selection.All(oneHot.get(kind), edge));
      assertThat(ungated).isEqualTo(path);
      assertThat(BackendConformance.distance(gated, path)).as("gated by 1").isLessThan(TOLERANCE);
      assertThat(BackendConformance.distance(all, path))
          .as("all, by one-hot weights")
          .isLessThan(TOLERANCE);
    }
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void someCandidatesAreAllWithTheOthersAtZero(SearchSpace space, Backend backend) {
    Supernet supernet = supernet(space, backend);
    List<Integer> odd =
        IntStream.range(0, space.candidates().size()).filter(k -> k % 2 == 1).boxed().toList();
    List<Tensor> weights =
        weights(space, backend, (kind, edge, k) -> 0.1f + RNG.split(kind).uniform(edge * 8L + k));
    List<Tensor> halved =
        weights(
            space,
            backend,
            (kind, edge, k) -> k % 2 == 0 ? 0 : 0.1f + RNG.split(kind).uniform(edge * 8L + k));
    float[] some =
        logits(supernet, backend, (kind, edge) -> new Selection.Some(odd, weights.get(kind), edge));
    float[] all =
        logits(supernet, backend, (kind, edge) -> new Selection.All(halved.get(kind), edge));
    assertThat(BackendConformance.distance(some, all)).isLessThan(TOLERANCE);
    float[] everything =
        logits(supernet, backend, (kind, edge) -> new Selection.All(weights.get(kind), edge));
    assertThat(BackendConformance.distance(some, everything))
        .as("the others would matter")
        .isGreaterThan(0.01);
  }

  /**
   * A path costs what the network of its architecture does: not one convolution more. Of poolings,
   * no more than the path has: the network may have fewer, where a skip connection makes two nodes
   * one.
   */
  @ParameterizedTest
  @MethodSource("spaces")
  void whatIsNotSelectedIsNotComputed(SearchSpace space, Backend inner) {
    for (int seed = 0; seed < 3; seed++) {
      Genotype genotype = space.random(Rng.of(seed));
      Map<String, Integer> wanted = new ConcurrentHashMap<>();
      Backend counting = counting(inner, wanted);
      ParameterArena arena = new ParameterArena();
      Network network = space.network(arena.root(), genotype, size(space), false);
      arena.allocate(counting, RNG);
      try (Tape tape = Tape.inference(counting)) {
        network.forward(tape, images(counting), 0);
      }

      Map<String, Integer> got = new ConcurrentHashMap<>();
      Backend ours = counting(inner, got);
      Supernet supernet = supernet(space, ours);
      List<Tensor> gates = oneHot(space, ours, genotype);
      List<Selections> forms =
          List.of(
              space.path(genotype),
              (kind, edge) ->
                  new Selection.One(taken(space, genotype, kind, edge), gates.get(kind), edge),
              (kind, edge) ->
                  new Selection.Some(
                      List.of(taken(space, genotype, kind, edge)), gates.get(kind), edge));
      for (Selections form : forms) {
        got.clear();
        logits(supernet, ours, form);
        assertThat(got.get("conv")).as("convolutions").isEqualTo(wanted.get("conv"));
        assertThat(got.getOrDefault("pool", 0))
            .as("poolings")
            .isBetween(wanted.getOrDefault("pool", 0), poolings(space, genotype));
      }
    }
  }

  /**
   * Three cells of NAS-Bench-201 and two shortcuts; one normal layer of DARTS and two that reduce.
   */
  private static int poolings(SearchSpace space, Genotype genotype) {
    boolean darts = space.name().equals("darts");
    int count = darts ? 0 : 2;
    for (int kind = 0; kind < genotype.cells().size(); kind++) {
      long genes =
          genotype.cells().get(kind).genes().stream()
              .filter(gene -> gene.op().contains("pool"))
              .count();
      count += (int) genes * (darts ? kind + 1 : 3);
    }
    return count;
  }

  /** The back end, with its calls counted by name. */
  private static Backend counting(Backend backend, Map<String, Integer> calls) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              int times =
                  arguments != null && arguments[0] instanceof Fan fan ? fan.arms().size() : 1;
              calls.merge(method.getName(), times, Integer::sum);
              try {
                return method.invoke(backend, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void whatIsNotSelectedGetsNoGradientOfItsWeights(SearchSpace space, Backend backend) {
    Supernet supernet = supernet(space, backend);
    Genotype genotype = space.random(Rng.of(1));
    try (Tape tape = Tape.training(backend, RNG)) {
      Tensor logits = supernet.logits(tape, images(backend), space.path(genotype));
      float[] ones = new float[logits.shape().size()];
      for (int i = 0; i < ones.length; i++) {
        ones[i] = RNG.normal(i);
      }
      Buffer upstream = backend.memory().take(ones.length);
      backend.write(ones, upstream);
      tape.backwardFrom(logits, upstream);
    }
    float[] gradients = Fixture.read(backend, supernet.weights().gradients());
    int silent = 0;
    for (Parameter parameter : supernet.weights().parameters()) {
      String[] path = parameter.name().split("\\.");
      if (path.length > 4 && path[2].equals("edge") && !onPath(genotype, path[3], path[4])) {
        silent++;
        for (int i = 0; i < parameter.shape().size(); i++) {
          assertThat(gradients[parameter.offset() + i]).as(parameter.name()).isZero();
        }
      }
    }
    assertThat(silent).isPositive();
  }

  private static boolean onPath(Genotype genotype, String edge, String op) {
    return genotype.cells().stream()
        .flatMap(cell -> cell.genes().stream())
        .anyMatch(gene -> edge.equals(gene.from() + "-" + gene.to()) && op.equals(gene.op()));
  }

  // ---- none

  /** 0 * inf would be NaN: {@code none} must not multiply, in whatever form it is selected. */
  @ParameterizedTest
  @MethodSource("backends")
  void noneNeverPoisons(Backend backend) {
    ParameterArena arena = new ParameterArena();
    MixedEdge broken = edge(arena, "broken");
    MixedEdge sound = edge(arena, "sound");
    arena.allocate(backend, RNG);
    Shape shape = Shape.of(1, 2, 2, 3);
    Buffer gradient = backend.allocate(4);
    Buffer values = backend.allocate(4);
    backend.write(new float[] {1, 0, 0, 1}, values);
    Tensor weights = Tensor.variable(Shape.of(2, 2), values, gradient);
    List<Selection> none =
        List.of(
            Selection.One.of(0),
            new Selection.One(0, weights, 0),
            new Selection.Some(List.of(0), weights, 0),
            new Selection.Some(List.of(), weights, 0));
    for (Selection selection : none) {
      try (Tape tape = Tape.training(backend, RNG)) {
        Tensor bad = tape.filled(shape, Float.POSITIVE_INFINITY);
        Tensor good = tape.filled(shape, 7);
        NodeSum node = new NodeSum(tape, shape);
        broken.contribute(node, bad, selection);
        sound.contribute(node, good, new Selection.One(1, weights, 1));
        Tensor sum = node.total();
        assertThat(Fixture.read(backend, sum.data())).as("%s", selection).containsOnly(7);
        Buffer upstream = backend.memory().take(shape.size());
        backend.fill(upstream, 1);
        tape.backwardFrom(sum, upstream);
      }
      for (float slope : Fixture.read(backend, gradient)) {
        assertThat(slope).isFinite();
      }
      backend.fill(gradient, 0);
    }
  }

  private static MixedEdge edge(ParameterArena arena, String name) {
    return new MixedEdge(arena.root().child(name), List.of(Candidates.NONE, Candidates.SKIP), 3, 1);
  }

  /** A node that nothing reaches is zero, and its gates still learn (GDAS). */
  @ParameterizedTest
  @MethodSource("backends")
  void aNodeOfNothingButNoneIsZero(Backend backend) {
    ParameterArena arena = new ParameterArena();
    MixedEdge edge = edge(arena, "edge");
    arena.allocate(backend, RNG);
    Shape shape = Shape.of(1, 2, 2, 3);
    Buffer gradient = backend.allocate(2);
    Buffer values = backend.allocate(2);
    backend.write(new float[] {1, 0}, values);
    Tensor weights = Tensor.variable(Shape.of(1, 2), values, gradient);
    try (Tape tape = Tape.training(backend, RNG)) {
      NodeSum plain = new NodeSum(tape, shape);
      edge.contribute(plain, tape.filled(shape, 5), Selection.One.of(0));
      assertThat(Fixture.read(backend, plain.total().data())).containsOnly(0);
      NodeSum gated = new NodeSum(tape, shape);
      edge.contribute(gated, tape.filled(shape, 5), new Selection.One(0, weights, 0));
      Tensor sum = gated.total();
      assertThat(Fixture.read(backend, sum.data())).containsOnly(0);
      Buffer upstream = backend.memory().take(shape.size());
      backend.fill(upstream, 2);
      tape.backwardFrom(sum, upstream);
    }
    assertThat(Fixture.read(backend, gradient))
        .as("none: 0; skip: as if its output were 1")
        .containsExactly(0, 24);
  }
}
