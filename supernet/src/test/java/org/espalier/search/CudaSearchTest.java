package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.espalier.backend.Backend;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.check.BackendConformance;
import org.espalier.parity.Emulated;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps of a search on the CUDA back end, over the emulator. */
@Tag("device")
class CudaSearchTest {
  private static final Rng RNG = Rng.of(5);

  @BeforeEach
  void reset() {
    Emulated.reset();
  }

  @ParameterizedTest
  @CsvSource({"nasbench201, darts", "nasbench201, drnas", "nasbench201, gdas"})
  void aFewStepsEndWithTheAlphaOfTheCpu(String space, String strategy) {
    Small wanted = Small.of(space, strategy, new EjmlBackend(), 1);
    try (Backend cuda = Emulated.open()) {
      Small search = Small.of(space, strategy, cuda, 1);
      for (int step = 0; step < 3; step++) {
        wanted.step(moment(step));
        search.step(moment(step));
      }
      assertThat(BackendConformance.distance(search.alphas(), wanted.alphas()))
          .as("alpha")
          .isLessThan(1e-3);
      assertThat(BackendConformance.distance(search.weights(), wanted.weights()))
          .as("weights")
          .isLessThan(1e-3);
    }
  }

  /** With draws of their own in every step: those are numbers that a graph must take anew. */
  @ParameterizedTest
  @CsvSource({
    "cuda, nasbench201, darts",
    "cuda, nasbench201, drnas",
    "cuda, darts, darts",
    "cuda, nasbench201, darts-2nd",
    "'cuda,cublas,cudnn', nasbench201, darts"
  })
  void stepsThatAreReplayedEndInTheBitsOfThoseThatAreNot(
      String device, String space, String strategy) {
    Run eager = run(device, space, strategy, "capture", "false");
    Run captured = run(device, space, strategy, "capture", "true");
    assertThat(eager.replayed()).as("launches that graphs stood for").isZero();
    assertThat(captured.replayed()).as("launches that graphs stood for").isPositive();
    assertThat(captured.values()).isDeepEqualTo(eager.values());
  }

  /** If a kernel did not say all that it reads and writes, it might come before what it needs. */
  @ParameterizedTest
  @ValueSource(strings = {"nasbench201", "darts"})
  void workThatIsDoneLaterThanItCouldBeEndsInTheSameBits(String space) {
    float[][] wanted = run("cuda", space, "darts", "late", "").values();
    String seed = String.valueOf(new Random().nextInt());
    System.out.println("late by seed " + seed);
    assertThat(run("cuda", space, "darts", "late", seed).values()).isDeepEqualTo(wanted);
  }

  private record Run(float[][] values, long replayed) {}

  private static Run run(
      String device, String space, String strategy, String property, String value) {
    System.setProperty("espalier.cuda." + property, value);
    try (Backend cuda = Emulated.open(device)) {
      Small search = Small.of(space, strategy, cuda, 1);
      for (int step = 0; step < 3; step++) {
        search.step(moment(step));
      }
      return new Run(new float[][] {search.alphas(), search.weights()}, cuda.counters().replayed());
    } finally {
      System.clearProperty("espalier.cuda." + property);
    }
  }

  private static Bilevel.Moment moment(int step) {
    return new Bilevel.Moment(0.1 * step, RNG.split(step));
  }
}
