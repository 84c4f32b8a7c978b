package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.check.BackendConformance;
import org.espalier.data.Augment;
import org.espalier.data.Batch;
import org.espalier.data.Images;
import org.espalier.data.Loader;
import org.espalier.data.Normalisation;
import org.espalier.nn.Parameter;
import org.espalier.op.CrossEntropy;
import org.espalier.op.Scale;
import org.espalier.parity.Fixture;
import org.espalier.space.Genotype;
import org.espalier.strategy.Draw;
import org.espalier.strategy.Strategies;
import org.espalier.strategy.Strategy;
import org.espalier.supernet.Selections;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Mistakes that other frameworks have shipped, by the number they have in the project's list of
 * them. Number 1, the precedence in the finite difference, is held by {@link SecondOrderTest}.
 */
class RegressionTest {
  private static final Rng RNG = Rng.of(9);
  private static final Bilevel.Moment NOW = new Bilevel.Moment(0.5, RNG);
  private static final float ETA = 0.025f;

  private final Backend backend = new EjmlBackend();

  /** FairNAS sums the gradients of its paths, and steps once. */
  @ParameterizedTest
  @ValueSource(strings = {"nasbench201", "darts"})
  void aFairStepFollowsTheSumOfItsPathsGradients(String space) {
    Small search = Small.of(space, "fairnas", backend, 1);
    float[] sum = new float[search.weightGradients().length];
    Strategy fair = Strategies.of("fairnas");
    for (int pass = 0; pass < fair.passes(search.space()); pass++) {
      search.supernet().weights().zeroGradients();
      try (Tape tape = Tape.training(backend, RNG)) {
        List<Tensor> alphas = search.architecture().alphas();
        Draw draw =
            new Draw(tape, search.space(), alphas, 0.5, RNG.split("draw"), false, pass, null);
        Tensor logits = search.supernet().logits(tape, search.train().images(), fair.select(draw));
        tape.backward(tape.apply(new CrossEntropy(0), logits, search.train().labels()));
      }
      float[] gradients = search.weightGradients();
      for (int i = 0; i < sum.length; i++) {
        sum[i] += gradients[i];
      }
    }
    search.bilevel().weightStep(search.train(), NOW, ETA);
    float[] stepped = search.weightGradients(); // clipped: the direction is left
    double scale = norm(sum) / norm(stepped);
    for (int i = 0; i < stepped.length; i++) {
      stepped[i] *= (float) scale;
    }
    assertThat(BackendConformance.distance(stepped, sum)).isLessThan(1e-4);
  }

  private static double norm(float[] values) {
    double squares = 0;
    for (float value : values) {
      squares += (double) value * value;
    }
    return Math.sqrt(squares);
  }

  /** 3: alpha's gradient overwritten instead of accumulated when a batch is split into chunks. */
  @ParameterizedTest
  @ValueSource(strings = {"darts", "gdas", "drnas"})
  void mistake3TheGradientsOfChunksAddUp(String strategy) {
    Small search = Small.of("nasbench201", strategy, backend, 1);
    float[] first = chunks(search, strategy, search.train());
    float[] second = chunks(search, strategy, search.valid());
    float[] both = chunks(search, strategy, search.train(), search.valid());
    for (int i = 0; i < both.length; i++) {
      both[i] -= second[i];
    }
    assertThat(norm(second)).isPositive();
    assertThat(BackendConformance.distance(both, first)).isLessThan(1e-4);
  }

  private float[] chunks(Small search, String strategy, Feed... chunks) {
    search.architecture().arena().zeroGradients();
    for (Feed chunk : chunks) {
      try (Tape tape = Tape.training(backend, RNG)) {
        Selections selections =
            Strategies.of(strategy)
                .select(new Draw(tape, search.space(), search.architecture().alphas(), 0.5, RNG));
        Tensor loss =
            tape.apply(
                new CrossEntropy(0),
                search.supernet().logits(tape, chunk.images(), selections),
                chunk.labels());
        tape.backward(tape.apply(new Scale(1f / chunks.length), loss));
      }
    }
    float[] gradients = search.alphaGradients();
    for (int i = 0; i < gradients.length; i++) {
      gradients[i] *= chunks.length;
    }
    return gradients;
  }

  /** 4: second order accepted as an option and silently ignored. */
  @Test
  void mistake4SecondOrderIsNotFirstOrder() {
    float[] first = alphaGradientAfterOneStep("darts");
    float[] second = alphaGradientAfterOneStep("darts-2nd");
    assertThat(BackendConformance.distance(second, first)).isGreaterThan(0.01);
  }

  private float[] alphaGradientAfterOneStep(String strategy) {
    Small search = Small.of("nasbench201", strategy, backend, 1);
    search.bilevel().weightStep(search.train(), NOW, ETA); // so that there is a momentum
    search.bilevel().architectureGradient(search.train(), search.valid(), NOW, ETA);
    return search.alphaGradients();
  }

  /** 7: GDAS gradients that miss the unselected operations. */
  @Test
  void mistake7EveryAlphaOfAnEdgeLearnsFromAHardSample() {
    Small search = Small.of("nasbench201", "gdas", backend, 1);
    search.bilevel().architectureGradient(search.train(), search.valid(), NOW, ETA);
    float[] gradients = search.alphaGradients();
    int silent = 0;
    for (int edge = 0; edge < 6; edge++) {
      double sum = 0;
      int zeros = 0;
      for (int k = 0; k < 5; k++) {
        sum += gradients[5 * edge + k];
        zeros += gradients[5 * edge + k] == 0 ? 1 : 0;
      }
      assertThat(zeros)
          .as("silent candidates of edge %d: all of an edge without effect, or none", edge)
          .isIn(0, 5);
      silent += zeros == 5 ? 1 : 0;
      assertThat(sum).as("a softmax does not see a shift of edge %d", edge).isBetween(-1e-6, 1e-6);
    }
    assertThat(silent).as("edges without effect").isLessThan(3);
  }

  /** 8: a different architecture for every cell where the paper draws one a step. */
  @ParameterizedTest
  @ValueSource(strings = {"gdas", "enas", "setn", "spos", "fairnas", "random"})
  void mistake8AllCellsOfAKindTakeTheSamePathAndTheNextStepAnother(String strategy) {
    for (String space : List.of("nasbench201", "darts")) {
      Small search = Small.of(space, strategy, backend, 1);
      Set<Set<String>> paths = new HashSet<>();
      for (int step = 0; step < 4; step++) {
        search.bilevel().weightStep(search.train(), new Bilevel.Moment(0.5, RNG.split(step)), ETA);
        Map<Integer, Set<String>> used = usedByCell(search);
        for (Set<Integer> alike : alike(space)) {
          assertThat(alike.stream().map(used::get).distinct())
              .as("paths of cells %s of %s", alike, space)
              .hasSize(1);
        }
        paths.add(used.get(0));
      }
      // A step of FairNAS takes all operations of the edges that it has: on NAS-Bench-201 all of
      // all.
      boolean everything = strategy.equals("fairnas") && space.equals("nasbench201");
      assertThat(paths).as("paths of four steps").hasSizeGreaterThan(everything ? 0 : 1);
    }
  }

  /**
   * Cells of one kind in {@link Small}'s networks: residual blocks are cells 2 and 5; layers 1 and
   * 2 of three reduce.
   */
  private static List<Set<Integer>> alike(String space) {
    return space.equals("darts")
        ? List.of(Set.of(0), Set.of(1, 2))
        : List.of(Set.of(0, 1, 3, 4, 6, 7));
  }

  /** The candidates of each cell whose weights have a gradient: edge and name. */
  private static Map<Integer, Set<String>> usedByCell(Small search) {
    float[] gradients = search.weightGradients();
    Map<Integer, Set<String>> used = new TreeMap<>();
    for (Parameter parameter : search.supernet().weights().parameters()) {
      String[] path = parameter.name().split("\\.");
      if (!path[0].equals("cells")) {
        continue;
      }
      Set<String> cell = used.computeIfAbsent(Integer.parseInt(path[1]), i -> new TreeSet<>());
      boolean everywhere =
          path[path.length - 1].equals("weight")
              && !path[4].startsWith("conv"); // not stride 2 only
      for (int i = 0; path[2].equals("edge") && everywhere && i < parameter.shape().size(); i++) {
        if (gradients[parameter.offset() + i] != 0) {
          cell.add(path[3] + " " + path[4]);
        }
      }
    }
    return used;
  }

  /**
   * 11: a new iterator over the validation data at every step, and so always the same first batch.
   */
  @Test
  void mistake11OneLoaderGoesThroughAllItsImages() {
    byte[][] pixels = new byte[40][1];
    for (int i = 0; i < 40; i++) {
      pixels[i][0] = (byte) i;
    }
    Images images = new Images("numbered", 1, 1, 1, List.of("one"), pixels, new int[40]);
    Set<Float> seen = new HashSet<>();
    try (Loader loader =
        Loader.forTraining(images, 8, Augment.none(), Normalisation.none(1), RNG)) {
      for (int step = 0; step < 5; step++) {
        Batch batch = loader.batchAt(step);
        for (int i = 0; i < batch.size(); i++) {
          seen.add(batch.pixels()[i]);
        }
      }
    }
    assertThat(seen).as("different images in an epoch's five batches of 8").hasSize(40);
  }

  /** 12: the batch-norm statistics of the supernet used for a sub-network. */
  @ParameterizedTest
  @ValueSource(strings = {"nasbench201", "darts"})
  void mistake12ASubNetworkIsEvaluatedWithStatisticsOfItsOwn(String space) {
    Small search = Small.of(space, "random", backend, 1);
    assertThat(search.supernet().weights().states())
        .as("running statistics of the supernet")
        .isEmpty();
    Genotype one = search.space().random(RNG);
    float[] before = logits(search, one, Tape.inference(backend));
    assertThat(logits(search, one, Tape.training(backend, RNG)))
        .as("the same in training: the statistics are the batch's")
        .isEqualTo(before);
    // What else runs through the supernet in between leaves no trace in it.
    try (Tape tape = Tape.training(backend, RNG)) {
      Strategy darts = Strategies.of("darts");
      search
          .supernet()
          .logits(
              tape,
              search.valid().images(),
              darts.select(new Draw(tape, search.space(), search.architecture().alphas(), 0, RNG)));
    }
    assertThat(logits(search, one, Tape.inference(backend))).isEqualTo(before);
  }

  private float[] logits(Small search, Genotype genotype, Tape fresh) {
    try (Tape tape = fresh) {
      Tensor logits =
          search.supernet().logits(tape, search.train().images(), search.space().path(genotype));
      return Fixture.read(backend, logits.data());
    }
  }
}
