package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many launches a pass costs: counted on a driver that does nothing. */
@Tag("device")
class CudaLaunchesTest {
  private static final int BATCH = 64;

  @BeforeEach
  void reset() {
    Emulated.reset();
    Emulated.memory(64L << 30);
    Emulated.doNothing(true);
  }

  @ParameterizedTest
  @CsvSource({"nasbench201, 5, 2000, x", "darts, 8, 8000, x", "darts, 8, 1400, y", "nasbench201, 5, 800, y"})
  void aPassIsAFewHundredLaunches(String name, int cells, int most, String join) {
    if (join.equals("x")) System.setProperty("fuse.nojoin", "1"); else System.clearProperty("fuse.nojoin");
    SearchSpace space = Spaces.of(name);
    Strategy strategy = Strategies.of("darts");
    try (Backend cuda = Emulated.open()) {
      var size = new SearchSpace.Size(16, cells, 3, 10);
      Supernet supernet = Supernet.of(root -> space.supernet(root, size), cuda, Rng.of(1));
      Configuration.Search paper =
          Configurations.of(name, Configurations.Preset.PAPER, List.of()).search();
      Architecture architecture =
          Architecture.of(space, strategy, paper.oneShot(), cuda, Rng.of(1));
      Buffer images = cuda.allocate(BATCH * 32 * 32 * 3);
      Buffer labels = cuda.allocate(BATCH);
      long[] launches = new long[2];
      Map<String, Long> before = Map.of();
      for (int pass = 0; pass < 2; pass++) { // the first allocates what the second finds
        before = counts(cuda);
        cuda.beginPass();
        try (Tape tape = Tape.training(cuda, Rng.of(1))) {
          Draw draw =
              new Draw(
                  tape,
                  space,
                  architecture.alphas(),
                  0,
                  Rng.of(1),
                  false,
                  0,
                  architecture.policy());
          Tensor logits =
              supernet.logits(
                  tape,
                  Tensor.constant(Shape.of(BATCH, 32, 32, 3), images),
                  strategy.select(draw));
          Tensor loss =
              tape.apply(
                  new CrossEntropy(0), logits, Tensor.constant(Shape.of(BATCH), labels));
          tape.backward(loss);
          cuda.read(loss.data(), new float[1]);
        }
      }
      Map<String, Long> after = counts(cuda);
      Map<String, Long> pass = new TreeMap<>();
      for (Map.Entry<String, Long> entry : after.entrySet()) {
        long times = entry.getValue() - before.getOrDefault(entry.getKey(), 0L);
        if (times > 0) {
          pass.put(entry.getKey(), times);
        }
      }
      long all = pass.values().stream().mapToLong(Long::longValue).sum();
      System.out.println(name + ": " + all + " launches a pass " + pass);
      assertThat(all).as("launches of a pass").isLessThanOrEqualTo(most);
    }
  }

  private static Map<String, Long> counts(Backend backend) {
    return backend.launches();
  }
}
