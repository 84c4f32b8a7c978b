package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.cpu.CpuBackends;
import org.espalier.parity.Fixture;
import org.espalier.strategy.Strategies;
import org.espalier.tensor.Rng;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps of a search: no garbage, and the same bits for any number of threads. */
class SteadyStepTest {
  private static final Rng RNG = Rng.of(3);

  static Stream<Arguments> searches() {
    return Stream.of("nasbench201", "darts")
        .flatMap(
            space ->
                Strategies.all().stream().map(strategy -> Arguments.of(space, strategy.name())));
  }

  /**
   * The fast back end where there is one; the portable one with the smaller of the spaces only, for
   * time.
   */
  static Stream<Arguments> searchesOnBackEnds() {
    return searches()
        .flatMap(
            search ->
                Fixture.backends()
                    .filter(
                        on -> !on.name().equals("ejml") || "nasbench201".equals(search.get()[0]))
                    .map(on -> Arguments.of(search.get()[0], search.get()[1], on)));
  }

  /**
   * The same draw in every step, before alpha prunes: a strategy that samples takes the same path
   * again.
   */
  @ParameterizedTest
  @MethodSource("searchesOnBackEnds")
  void aStepLikeTheLastAllocatesNoBuffers(String space, String strategy, Backend backend) {
    Small search = Small.of(space, strategy, backend, 1);
    Bilevel.Moment moment = new Bilevel.Moment(0.25, RNG);
    List<Long> allocations = new ArrayList<>();
    for (int step = 0; step < 3; step++) {
      long before = backend.memory().allocations();
      search.step(moment);
      allocations.add(backend.memory().allocations() - before);
    }
    assertThat(allocations.getFirst()).isPositive();
    assertThat(allocations.subList(1, 3)).as("buffers allocated by steps 2 and 3").containsOnly(0L);
  }

  /**
   * A path that is new may need a buffer that none before it did; but all have room where every
   * candidate has.
   */
  @ParameterizedTest
  @CsvSource({"nasbench201, gdas", "nasbench201, random", "darts, gdas", "darts, random"})
  void anyNumberOfPathsNeedsNoMoreMemoryThanAllCandidatesAtOnce(String space, String strategy) {
    Backend everything = Fixture.backends().toList().getLast();
    Small.of(space, "darts", everything, 1).step(new Bilevel.Moment(0.5, RNG));
    Backend paths = Fixture.backends().toList().getLast();
    Small search = Small.of(space, strategy, paths, 1);
    for (int step = 1; step <= 30; step++) {
      search.step(new Bilevel.Moment(0.5, RNG.split(step)));
    }
    assertThat(paths.memory().bytes()).isLessThan(everything.memory().bytes());
  }

  @ParameterizedTest
  @MethodSource("searches")
  void oneThreadAndTwoComeToTheSameBits(String space, String strategy) {
    assumeThat(CpuBackends.simdAvailable()).as("the Vector API is available").isTrue();
    try (Backend one = CpuBackends.simd(1);
        Backend two = CpuBackends.simd(2)) {
      Small alone = twoSteps(space, strategy, one, 1);
      Small together = twoSteps(space, strategy, two, 1);
      assertThat(together.weights()).isEqualTo(alone.weights());
      assertThat(together.alphas()).isEqualTo(alone.alphas());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gdas", "drnas", "random", "enas", "fairnas", "setn"})
  void equalSeedsAreEqualRunsAndOthersAreOthers(String strategy) {
    Backend backend = Fixture.backends().toList().getLast();
    Small once = twoSteps("nasbench201", strategy, backend, 1);
    Small again = twoSteps("nasbench201", strategy, backend, 1);
    assertThat(again.weights()).isEqualTo(once.weights());
    assertThat(again.alphas()).isEqualTo(once.alphas());
    Small other = twoSteps("nasbench201", strategy, backend, 2);
    assertThat(other.weights()).isNotEqualTo(once.weights());
    assertThat(other.alphas()).isNotEqualTo(once.alphas());
  }

  private static Small twoSteps(String space, String strategy, Backend backend, long seed) {
    Small search = Small.of(space, strategy, backend, seed);
    for (int step = 0; step < 2; step++) {
      search.step(new Bilevel.Moment(step, Rng.of(seed).split(100 + step)));
    }
    return search;
  }
}
