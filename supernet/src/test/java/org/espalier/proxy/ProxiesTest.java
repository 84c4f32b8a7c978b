package org.espalier.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.ejml.simple.SimpleMatrix;
import org.espalier.InputException;
import org.espalier.autograd.Observer;
import org.espalier.autograd.Op;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.benchmark.RankStatistics;
import org.espalier.nn.Parameter;
import org.espalier.op.Conv2d;
import org.espalier.parity.Fixture;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;

/** What holds of all proxies, and mistakes that other frameworks have shipped, by their number. */
class ProxiesTest {
  private static final SearchSpace SPACE = Spaces.of("nasbench201");
  private static final SearchSpace.Size SMALL = new SearchSpace.Size(4, 1, 3, 10);
  private static final String CELL =
      "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|";
  private static final String NOTHING = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
  private static final String IDENTITY = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|";

  private final Backend backend = new EjmlBackend();

  private Subject subject(String cell, int images) {
    return subject(cell, backend, noise(images, 1), noise(images, 2));
  }

  private static Subject subject(String cell, Backend on, LabelledBatch... batches) {
    return new Subject(SPACE, SPACE.parse(cell), SMALL, on, List.of(batches), Rng.of(7));
  }

  private LabelledBatch noise(int images, int seed) {
    Shape shape = Shape.of(images, 8, 8, 3);
    float[] pixels = new float[shape.size()];
    float[] labels = new float[images];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = Rng.of(seed).normal(i);
    }
    for (int i = 0; i < images; i++) {
      labels[i] = i % 3;
    }
    return LabelledBatch.of(backend, shape, pixels, labels);
  }

  private static List<Proxy> quick() {
    return Proxies.all().stream().map(p -> p instanceof Zen ? new Zen(1) : p).toList();
  }

  @Test
  void namesAndPartsAreUniqueAndUnknownOnesAreRefused() {
    assertThat(Proxies.all()).extracting(Proxy::name).doesNotHaveDuplicates().hasSize(18);
    assertThat(Proxies.all().stream().flatMap(p -> p.parts().stream())).doesNotHaveDuplicates();
    assertThat(Proxies.parse("snip, nwot,snip"))
        .extracting(Proxy::name)
        .containsExactly("snip", "nwot");
    assertThatThrownBy(() -> Proxies.parse("snip,snap"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("unknown proxy 'snap'; known: all, params, flops");
  }

  @Test
  void togetherTheyMeasureWhatEachMeasuresAlone() {
    Map<String, Double> together = ZeroCost.measure(subject(CELL, 6), quick());
    for (Proxy proxy : quick()) {
      assertThat(together)
          .as(proxy.name())
          .containsAllEntriesOf(ZeroCost.measure(subject(CELL, 6), List.of(proxy)));
    }
  }

  /** Each batch's loss is differentiated once, whoever asks. */
  @Test
  void passesAreShared() {
    Map<String, Integer> calls = new HashMap<>();
    Backend counting =
        (Backend)
            java.lang.reflect.Proxy.newProxyInstance(
                Backend.class.getClassLoader(),
                new Class<?>[] {Backend.class},
                (self, method, args) -> {
                  calls.merge(method.getName(), 1, Integer::sum);
                  try {
                    return method.invoke(backend, args);
                  } catch (InvocationTargetException e) {
                    throw Objects.requireNonNull(e.getCause());
                  }
                });
    Subject subject = subject(CELL, counting, noise(6, 1), noise(6, 2));
    ZeroCost.measure(subject, Proxies.parse("grad_norm,snip,plain,fisher,nwot,swap,meco"));
    assertThat(calls).containsEntry("crossEntropy", 1).containsEntry("crossEntropyGrad", 1);
    ZeroCost.measure(subject, Proxies.parse("snip,zico"));
    assertThat(calls).as("and one for the second batch").containsEntry("crossEntropyGrad", 3);
    ZeroCost.measure(subject, Proxies.parse("jacov,epe_nas,nwot"));
    assertThat(calls).as("none").containsEntry("crossEntropy", 3);
  }

  @Test
  void weightsAreAsBeforeWhenAllHaveMeasured() {
    Subject subject = subject(CELL, 6);
    float[] before = subject.weights();
    ZeroCost.measure(subject, quick());
    assertThat(subject.weights()).isEqualTo(before);
  }

  @Test
  void aSeedFixesEveryScore() {
    assertThat(ZeroCost.measure(subject(CELL, 6), quick()))
        .isEqualTo(ZeroCost.measure(subject(CELL, 6), quick()));
  }

  /** A network that does not see its input, and one that hands it through. */
  @Test
  void whatIsUndefinedIsNaNAndRanksBelowAll() {
    Map<String, Double> nothing = ZeroCost.measure(subject(NOTHING, 6), quick());
    Map<String, Double> identity = ZeroCost.measure(subject(IDENTITY, 6), quick());
    Map<String, Double> cell = ZeroCost.measure(subject(CELL, 6), quick());
    assertThat(nothing)
        .containsEntry("jacov", Double.NaN)
        .containsEntry("epe_nas", Double.NaN)
        .containsEntry("synflow", Double.NaN)
        .containsEntry("az_nas.trainability", Double.NaN);
    assertThat(identity).containsEntry("az_nas.trainability", Double.NaN);
    assertThat(cell.values()).allMatch(Double::isFinite);
    for (Proxy proxy : List.of(new AzNas(), new TeNas())) {
      double[] scores = ZeroCost.scores(proxy, List.of(nothing, cell));
      assertThat(scores[0]).as(proxy.name()).isLessThan(scores[1]);
    }
    assertThat(RankStatistics.ranks(new double[] {2, Double.NaN, 1, 2, Double.NaN}))
        .containsExactly(4.5, 1.5, 3, 4.5, 1.5);
  }

  /** 9: MeCo read the first image of a batch only. */
  @Test
  void mistake9MeCoReadsEveryImage() {
    Shape shape = Shape.of(2, 4, 4, 3);
    Subject any = subject(CELL, 2);
    for (int changed : new int[] {0, 40, 90}) { // in the first image, and in the second
      Tensor x = any.tensor(shape, i -> Rng.of(5).normal(i));
      Tensor y = any.tensor(shape, i -> Rng.of(5).normal(i) + (i == changed ? 1 : 0));
      assertThat(FeatureMaps.correlation(any, x).isIdentical(FeatureMaps.correlation(any, y), 1e-6))
          .as("element %d", changed)
          .isFalse();
    }
    // All images: the correlation of a channel with itself one image on is of 2x4x4 pairs.
    Tensor two = any.tensor(Shape.of(2, 1, 2, 2), i -> new double[] {1, 1, 2, 2, 3, 1, 4, 2}[i]);
    assertThat(FeatureMaps.correlation(any, two).get(0, 1))
        .isCloseTo(1 / Math.sqrt(5), org.assertj.core.data.Offset.offset(1e-6));
  }

  /** 9: containers were hooked like the modules in them, which then counted twice. */
  @Test
  void mistake9EveryConvolutionIsSeenOnce() {
    Subject subject = subject(CELL, 2);
    List<Op> seen = new ArrayList<>();
    subject.forward(
        subject.images(),
        List.of(
            new Observer() {
              @Override
              public void computed(Op op, List<Tensor> inputs, Tensor output) {
                if (op instanceof Conv2d) {
                  seen.add(op);
                }
              }
            }));
    Stream<Parameter> convolutions =
        subject.arena().parameters().stream().filter(p -> p.shape().rank() == 4);
    assertThat(seen).hasSize((int) convolutions.count());
  }

  /**
   * The states that nwot and SWAP count are those at the ReLUs: of each convolution that carries
   * one, and of the last.
   */
  @Test
  void statesAreThoseAtTheRelus() {
    Subject subject = subject(CELL, 2);
    List<Integer> units = new ArrayList<>();
    Relus relus = new Relus(subject);
    relus.add((values, samples, each) -> units.add(each));
    subject.forward(subject.images(), List.of(relus));
    // Three convolutions to a cell, of 4, 8 and 16 channels; two to a residual block; the head.
    assertThat(units)
        .containsExactly(256, 256, 256, 256, 128, 128, 128, 128, 128, 64, 64, 64, 64, 64);
  }

  /** 10: complex eigenvalues from a solver that is not for symmetric matrices. */
  @Test
  void mistake10EigenvaluesOfCorrelationsAreReal() {
    float[][] alike = new float[12][50];
    for (int i = 0; i < alike.length; i++) {
      int group = i / 4;
      for (int k = 0; k < 50; k++) {
        alike[i][k] = Rng.of(1).normal(k) + 1e-4f * group * Rng.of(2).normal(k);
      }
    }
    double[] eigenvalues = Correlations.eigenvalues(Correlations.ofRows(alike));
    double sum = 0;
    for (double value : eigenvalues) {
      assertThat(value).isGreaterThan(-1e-9);
      sum += value;
    }
    assertThat(sum).isCloseTo(12, org.assertj.core.data.Offset.offset(1e-9));
    SimpleMatrix rotation = new SimpleMatrix(new double[][] {{0, 1}, {-1, 0}});
    assertThatThrownBy(() -> Correlations.eigenvalues(rotation)).hasMessageContaining("symmetric");
  }

  @Test
  void aBatchOfMoreThan64ImagesHasItsPatternsTold() {
    Map<String, Double> measured = ZeroCost.measure(subject(CELL, 70), Proxies.parse("swap,nwot"));
    assertThat(measured.get("swap")).isBetween(100.0, 2000.0);
    assertThat(measured.get("nwot")).isFinite();
  }

  @Test
  void swapCanPreferASize() {
    Subject subject = subject(CELL, 6);
    double thousands = subject.arena().size() / 1e3;
    double plain = swap(subject, new Swap());
    double there = swap(subject, Swap.regularised(thousands, 3));
    double off = swap(subject, Swap.regularised(thousands + 2, 4));
    assertThat(there).isEqualTo(plain);
    assertThat(off)
        .isCloseTo(plain / Math.E, org.assertj.core.data.Percentage.withPercentage(1e-6));
  }

  private static double swap(Subject subject, Swap proxy) {
    return ZeroCost.measure(subject, List.of(proxy)).getOrDefault("swap", Double.NaN);
  }

  @Test
  void epeNasComparesClassesWhereThereAreMany() {
    float[][] jacobians = {{1, 2, 4}, {1, 2, 3}, {5, 1, 2}, {0, 1, 7}};
    float[] labels = {0, 0, 1, 1};
    double few = EpeNas.score(jacobians, labels, 10);
    double many = EpeNas.score(jacobians, labels, 200);
    assertThat(few).isPositive();
    assertThat(many).isPositive().isNotEqualTo(few);
  }

  @Test
  void theFixtureIsOfAllSpaces() {
    assertThat(Stream.of(0, 1, 2).map(i -> Fixture.of("proxies-" + i).note("space")))
        .contains("nasbench201", "darts");
  }
}
