package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;

import org.espalier.backend.Backend;
import org.espalier.backend.cpu.EjmlBackend;
import org.espalier.check.BackendConformance;
import org.espalier.parity.Emulated;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.AfterEach;
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

  @AfterEach
  void captureAgain() {
    System.clearProperty("espalier.cuda.capture");
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
  @ValueSource(strings = {"darts", "drnas"})
  void stepsThatAreReplayedEndInTheBitsOfThoseThatAreNot(String strategy) {
    Ran launched = run(strategy, false);
    Ran captured = run(strategy, true);
    assertThat(launched.replayed()).isZero();
    assertThat(captured.replayed()).as("pieces of work that graphs replayed").isPositive();
    assertThat(captured.values()).isDeepEqualTo(launched.values());
  }

  private record Ran(float[][] values, long replayed) {}

  private static Ran run(String strategy, boolean capture) {
    System.setProperty("espalier.cuda.capture", String.valueOf(capture));
    try (Backend cuda = Emulated.open()) {
      Small search = Small.of("nasbench201", strategy, cuda, 1);
      for (int step = 0; step < 5; step++) {
        search.step(moment(step));
      }
      float[][] values = {search.alphas(), search.weights()};
      return new Ran(values, cuda.counters().pieces() - cuda.counters().launched());
    }
  }

  private static Bilevel.Moment moment(int step) {
    return new Bilevel.Moment(0.1 * step, RNG.split(step));
  }
}
