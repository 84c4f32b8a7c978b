package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.op.CrossEntropy;
import org.espalier.parity.Emulated;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.strategy.Architecture;
import org.espalier.strategy.Draw;
import org.espalier.strategy.Strategies;
import org.espalier.strategy.Strategy;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many launches a pass costs, forward and backward: counted on a driver that does nothing. */
@Tag("device")
class CudaLaunchesTest {
  private static final int BATCH = 64;
  private static final Rng RNG = Rng.of(1);

  @BeforeEach
  void doNothing() {
    Emulated.steered();
    Emulated.memory(64L << 30);
    Emulated.doNothing(true);
  }

  @AfterEach
  void reset() {
    Emulated.reset();
  }

  @ParameterizedTest
  @CsvSource({"darts, 8, 880", "nasbench201, 5, 480"})
  void aPassIsSoManyLaunchesAtMost(String name, int cells, int most) {
    SearchSpace space = Spaces.of(name);
    Strategy strategy = Strategies.of("darts");
    try (Backend cuda = Emulated.open()) {
      var size = new SearchSpace.Size(16, cells, 3, 10);
      Supernet supernet = Supernet.of(root -> space.supernet(root, size), cuda, RNG);
      Configuration.Search paper =
          Configurations.of(name, Configurations.Preset.PAPER, List.of()).search();
      Architecture architecture = Architecture.of(space, strategy, paper.oneShot(), cuda, RNG);
      Shape images = Shape.of(BATCH, 32, 32, 3);
      Tensor x = Tensor.constant(images, cuda.allocate(images.size()));
      Tensor labels = Tensor.constant(Shape.of(BATCH), cuda.allocate(BATCH));
      pass(cuda, space, strategy, supernet, architecture, x, labels); // the pool fills
      Map<String, Long> before = cuda.counters().launches();
      pass(cuda, space, strategy, supernet, architecture, x, labels);
      Map<String, Long> launches = new TreeMap<>(cuda.counters().launches());
      launches.replaceAll((kernel, times) -> times - before.getOrDefault(kernel, 0L));
      long all = launches.values().stream().mapToLong(Long::longValue).sum();
      System.out.println(name + ": " + all + " launches a pass " + launches);
      assertThat(all).as("launches of a pass").isLessThanOrEqualTo(most);
    }
  }

  private static void pass(
      Backend cuda,
      SearchSpace space,
      Strategy strategy,
      Supernet supernet,
      Architecture architecture,
      Tensor images,
      Tensor labels) {
    cuda.beginPass();
    try (Tape tape = Tape.training(cuda, RNG)) {
      Draw draw =
          new Draw(tape, space, architecture.alphas(), 0, RNG, false, 0, architecture.policy());
      Tensor logits = supernet.logits(tape, images, strategy.select(draw));
      Tensor loss = tape.apply(new CrossEntropy(0), logits, labels);
      tape.backward(loss);
      cuda.read(loss.data(), new float[1]);
    }
  }
}
