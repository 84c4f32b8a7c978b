package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.espalier.autograd.Statistics;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.check.BackendConformance;
import org.espalier.data.Augment;
import org.espalier.data.Images;
import org.espalier.data.Loader;
import org.espalier.data.Normalisation;
import org.espalier.nn.Parameter;
import org.espalier.nn.ParameterArena;
import org.espalier.op.CrossEntropy;
import org.espalier.parity.Fixture;
import org.espalier.space.Gene;
import org.espalier.space.Genotype;
import org.espalier.space.Network;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.strategy.Protocol;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a path of a supernet computes, against the network of its architecture with the same
 * weights: with statistics of the batch, and with statistics taken from training batches.
 */
class OneShotEvaluatorTest {
  private static final int BATCH = 8;
  private static final double TOLERANCE = 1e-5;
  private static final Rng RNG = Rng.of(12);

  static Stream<Arguments> spaces() {
    return Spaces.all().stream()
        .flatMap(space -> Fixture.backends().map(on -> Arguments.of(space, on)));
  }

  /** A supernet with weights that nothing is trivial in, and batches of noise. */
  private record Setting(
      SearchSpace space, Backend backend, Supernet supernet, Loader train, Loader valid)
      implements AutoCloseable {
    static Setting of(SearchSpace space, Backend backend) {
      Supernet supernet = Supernet.of(root -> space.supernet(root, size(space)), backend, RNG);
      float[] weights = Fixture.read(backend, supernet.weights().values());
      for (int i = 0; i < weights.length; i++) {
        weights[i] += 0.1f * RNG.split("noise").normal(i);
      }
      backend.write(weights, supernet.weights().values());
      return new Setting(space, backend, supernet, loader(1), loader(2));
    }

    static SearchSpace.Size size(SearchSpace space) {
      return new SearchSpace.Size(4, space.name().equals("darts") ? 4 : 2, 3, 4);
    }

    OneShotEvaluator evaluator() {
      return new OneShotEvaluator(space, supernet, train, valid);
    }

    Tensor images(Loader loader, long step) {
      return new Feed(backend, loader.images(), BATCH).load(loader.batchAt(step)).images();
    }

    @Override
    public void close() {
      train.close();
      valid.close();
    }
  }

  private static Loader loader(long seed) {
    byte[][] pixels = new byte[5 * BATCH][8 * 8 * 3];
    int[] labels = new int[pixels.length];
    for (int i = 0; i < labels.length; i++) {
      for (int j = 0; j < pixels[i].length; j++) {
        pixels[i][j] = (byte) RNG.split(seed).split(i).bits(j);
      }
      labels[i] = i % 4;
    }
    Images images = new Images("noise", 8, 8, 3, List.of("a", "b", "c", "d"), pixels, labels);
    return Loader.forTraining(
        images, BATCH, Augment.none(), Normalisation.of(images), RNG.split(seed));
  }

  /**
   * Random architectures; of DARTS' space without pools, which a batch normalisation follows in the
   * supernet only.
   */
  private static List<Genotype> architectures(SearchSpace space) {
    List<Genotype> genotypes = new ArrayList<>();
    for (int seed = 0; seed < 4; seed++) {
      List<Genotype.Cell> cells = new ArrayList<>();
      for (Genotype.Cell cell : space.random(Rng.of(seed)).cells()) {
        List<Gene> genes = new ArrayList<>();
        for (Gene gene : cell.genes()) {
          boolean pool = space.name().equals("darts") && gene.op().contains("pool");
          genes.add(new Gene(gene.from(), gene.to(), pool ? "skip_connect" : gene.op()));
        }
        cells.add(new Genotype.Cell(cell.name(), genes));
      }
      genotypes.add(new Genotype(space.name(), cells));
    }
    return genotypes;
  }

  /** The network of an architecture on its own, with the supernet's weights. */
  private record StandAlone(Network network, ParameterArena arena) {
    static StandAlone of(Setting setting, Genotype genotype) {
      ParameterArena arena = new ParameterArena();
      Network network =
          setting.space.network(arena.root(), genotype, Setting.size(setting.space), false);
      arena.allocate(setting.backend, RNG);
      ParameterArena shared = setting.supernet.weights();
      float[] from = Fixture.read(setting.backend, shared.values());
      float[] to = Fixture.read(setting.backend, arena.values());
      for (Parameter parameter : arena.parameters()) {
        Parameter source =
            shared.parameters().stream()
                .filter(p -> p.name().equals(parameter.name()))
                .findFirst()
                .orElse(null);
        if (source == null) { // the affine part of a normalisation in a cell: 1 and 0
          assertThat(parameter.name()).matches("cells\\..*bn\\d?\\.(weight|bias)");
        } else {
          assertThat(source.shape()).as(parameter.name()).isEqualTo(parameter.shape());
          System.arraycopy(from, source.offset(), to, parameter.offset(), parameter.shape().size());
        }
      }
      setting.backend.write(to, arena.values());
      return new StandAlone(network, arena);
    }

    float[] logits(Tape fresh, Tensor images) {
      try (Tape tape = fresh) {
        return Fixture.read(tape.backend(), network.forward(tape, images, 0).logits().data());
      }
    }

    /** The plain mean over training batches, undone from what one step of tracking leaves. */
    void calibrate(Setting setting, int batches) {
      Map<String, ParameterArena.State> states = arena.states();
      Map<String, float[]> sums = new TreeMap<>();
      for (int i = 0; i < batches; i++) {
        states.values().forEach(state -> setting.backend.write(start(state), state.buffer()));
        logits(Tape.training(setting.backend, RNG), setting.images(setting.train, i));
        states.forEach(
            (name, state) -> {
              float[] tracked = Fixture.read(setting.backend, state.buffer());
              float[] start = start(state);
              float[] sum = sums.computeIfAbsent(name, n -> new float[tracked.length]);
              for (int j = 0; j < sum.length; j++) {
                sum[j] += (tracked[j] - 0.9f * start[j]) / 0.1f / batches;
              }
            });
      }
      sums.forEach(
          (name, sum) ->
              setting.backend.write(sum, Objects.requireNonNull(states.get(name)).buffer()));
    }

    private static float[] start(ParameterArena.State state) {
      float[] start = new float[state.buffer().size()];
      Arrays.fill(start, start.length / 2, start.length, 1);
      return start;
    }
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void aPathIsTheNetworkOfItsArchitecture(SearchSpace space, Backend backend) {
    try (Setting setting = Setting.of(space, backend)) {
      Tensor images = setting.images(setting.train, 0);
      for (Genotype genotype : architectures(space)) {
        float[] path;
        try (Tape tape = Tape.inference(backend)) {
          Tensor logits = setting.supernet.logits(tape, images, space.path(genotype));
          path = Fixture.read(backend, logits.data());
        }
        float[] alone =
            StandAlone.of(setting, genotype).logits(Tape.training(backend, RNG), images);
        assertThat(BackendConformance.distance(path, alone))
            .as(space.format(genotype))
            .isLessThan(TOLERANCE);
      }
    }
  }

  /** The same with statistics that are not those of the batch, batch by batch. */
  @ParameterizedTest
  @MethodSource("spaces")
  void aRecalibratedPathIsTheNetworkWithThoseStatistics(SearchSpace space, Backend backend) {
    try (Setting setting = Setting.of(space, backend)) {
      OneShotEvaluator evaluator = setting.evaluator();
      for (Genotype genotype : architectures(space)) {
        Score score = evaluator.score(genotype, new Protocol(3, 2, 1));
        StandAlone alone = StandAlone.of(setting, genotype);
        alone.calibrate(setting, 3);
        Score wanted = Score.NONE;
        Feed feed = new Feed(backend, setting.valid.images(), BATCH);
        for (int i = 1; i <= 2; i++) {
          feed.load(setting.valid.batchAt(i));
          try (Tape tape = Tape.inference(backend)) {
            Tensor logits = alone.network.forward(tape, feed.images(), 0).logits();
            Tensor loss = tape.apply(new CrossEntropy(0), logits, feed.labels());
            wanted = wanted.plus(feed.score(logits, loss));
          }
        }
        assertThat(score.loss()).isCloseTo(wanted.loss(), within(1e-4 * wanted.loss()));
        assertThat(score.right()).isEqualTo(wanted.right());
        assertThat(score.images()).isEqualTo(2 * BATCH);
      }
    }
  }

  /** 12: what is scored in between leaves nothing behind in what is scored after it. */
  @ParameterizedTest
  @MethodSource("spaces")
  void noStatisticsAreThoseOfAnotherArchitecture(SearchSpace space, Backend backend) {
    try (Setting setting = Setting.of(space, backend)) {
      OneShotEvaluator evaluator = setting.evaluator();
      List<Genotype> genotypes = architectures(space);
      for (int calibration : new int[] {0, 2}) {
        Protocol protocol = new Protocol(calibration, 1, 0);
        Score alone = evaluator.score(genotypes.getFirst(), protocol);
        genotypes.forEach(genotype -> evaluator.score(genotype, protocol));
        assertThat(evaluator.score(genotypes.getFirst(), protocol)).isEqualTo(alone);
      }
      Score own = evaluator.score(genotypes.getFirst(), new Protocol(2, 1, 0));
      assertThat(own).isNotEqualTo(evaluator.score(genotypes.getFirst(), new Protocol(0, 1, 0)));
    }
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void whatIsKnownIsNotComputedAgainUntilTheWeightsChange(SearchSpace space, Backend backend) {
    try (Setting setting = Setting.of(space, backend)) {
      OneShotEvaluator evaluator = setting.evaluator();
      Genotype genotype = architectures(space).getFirst();
      Protocol all = Protocol.batches(0, 0);
      double before = evaluator.accuracy(genotype, all);
      assertThat(evaluator.score(genotype, all).images())
          .as("all validation images")
          .isEqualTo(5 * BATCH);
      backend.fill(setting.supernet.weights().values(), 0);
      assertThat(evaluator.accuracy(genotype, all)).as("remembered").isEqualTo(before);
      evaluator.forget();
      assertThat(evaluator.accuracy(genotype, all)).as("one class of four").isEqualTo(0.25);
    }
  }

  @ParameterizedTest
  @MethodSource("spaces")
  void statisticsOfAnotherNetworkAreRefused(SearchSpace space, Backend backend) {
    try (Setting setting = Setting.of(space, backend);
        Statistics statistics = new Statistics(backend)) {
      Tensor images = setting.images(setting.train, 0);
      assertThatThrownBy(() -> Tape.calibrated(backend, statistics))
          .hasMessageContaining("no statistics have been taken");
      Genotype none = space.decode(new int[space.decisions().size()]);
      int[] last = new int[space.decisions().size()];
      for (int i = 0; i < last.length; i++) {
        last[i] = space.decisions().get(i).options() - 1;
      }
      // NAS-Bench-201: no convolution and nothing but; DARTS: max_pool and dil_conv_5x5.
      int[] convolutions = space.name().equals("darts") ? last : new int[] {3, 3, 3, 3, 3, 3};
      try (Tape tape = Tape.calibrating(backend, statistics)) {
        setting.supernet.logits(tape, images, space.path(none)).data();
      }
      try (Tape tape = Tape.calibrated(backend, statistics)) {
        assertThatThrownBy(
                () ->
                    setting
                        .supernet
                        .logits(tape, images, space.path(space.decode(convolutions)))
                        .data())
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("statistics were taken of another network");
      }
    }
  }
}
