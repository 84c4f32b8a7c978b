package org.espalier.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Rank statistics beside SciPy's (bench/peers/ranks.py), by counting, and by hand. */
class RankStatisticsTest {
  static Stream<Arguments> cases() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(RankStatisticsTest.class.getResourceAsStream("/ranks.json"))) {
      JsonNode cases = new ObjectMapper().readTree(in).get("cases");
      return StreamSupport.stream(cases.spliterator(), false)
          .map(one -> Arguments.of(one.get("name").asText(), one))
          .toList()
          .stream();
    }
  }

  private static double[] numbers(JsonNode node) {
    return IntStream.range(0, node.size()).mapToDouble(i -> node.get(i).asDouble()).toArray();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void correlationsAreSciPys(String name, JsonNode expected) {
    double[] x = numbers(expected.get("x"));
    double[] y = numbers(expected.get("y"));
    assertThat(RankStatistics.kendall(x, y))
        .as("Kendall, %s", name)
        .isCloseTo(expected.get("kendall").asDouble(), within(1e-12));
    assertThat(RankStatistics.spearman(x, y))
        .as("Spearman, %s", name)
        .isCloseTo(expected.get("spearman").asDouble(), within(1e-12));
    assertThat(RankStatistics.pearson(x, y))
        .as("Pearson, %s", name)
        .isCloseTo(expected.get("pearson").asDouble(), within(1e-12));
    assertThat(RankStatistics.ranks(x)).containsExactly(numbers(expected.get("ranks")));
  }

  /** Tau-b by its definition, pair by pair. */
  private static double pairByPair(double[] x, double[] y) {
    double difference = 0;
    double untiedX = 0;
    double untiedY = 0;
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < i; j++) {
        difference += Math.signum(x[i] - x[j]) * Math.signum(y[i] - y[j]);
        untiedX += x[i] == x[j] ? 0 : 1;
        untiedY += y[i] == y[j] ? 0 : 1;
      }
    }
    return difference / Math.sqrt(untiedX * untiedY);
  }

  @Test
  void kendallIsWhatCountingAllPairsGives() {
    long seed = 5;
    Random random = new Random(seed);
    for (int n : new int[] {2, 3, 7, 64, 301}) {
      for (int values : new int[] {2, 5, 1000}) {
        double[] x = random.ints(n, 0, values).asDoubleStream().toArray();
        double[] y = random.ints(n, 0, values).asDoubleStream().toArray();
        x[0] = -1; // so that not all are the same
        y[1] = -1;
        assertThat(RankStatistics.kendall(x, y))
            .as("n %d, %d values, seed %d", n, values, seed)
            .isCloseTo(pairByPair(x, y), within(1e-12));
      }
    }
  }

  @Test
  void zeroIsZeroWhateverItsSign() {
    double[] x = {0.0, -0.0, 1, -0.0, 0.0};
    double[] y = {3, 1, 2, 5, 4};
    assertThat(RankStatistics.kendall(x, y)).isCloseTo(pairByPair(x, y), within(1e-12));
    assertThat(RankStatistics.ranks(x)).containsExactly(2.5, 2.5, 5, 2.5, 2.5);
  }

  @Test
  void whatIsNotDefinedIsNaN() {
    double[] same = {1, 1, 1};
    double[] other = {1, 2, 3};
    assertThat(RankStatistics.kendall(same, other)).isNaN();
    assertThat(RankStatistics.spearman(same, other)).isNaN();
    assertThat(RankStatistics.pearson(other, same)).isNaN();
    assertThat(RankStatistics.kendall(new double[] {1, Double.NaN, 2}, other)).isNaN();
    assertThat(RankStatistics.kendall(new double[] {1}, new double[] {1})).isNaN();
  }

  @Test
  void precisionCountsWhoIsAmongTheBestOfBoth() {
    double[] scores = {9, 8, 7, 1, 2};
    double[] truth = {50, 10, 60, 70, 20};
    assertThat(RankStatistics.precisionAtTop(scores, truth, 3)).isEqualTo(2.0 / 3);
    assertThat(RankStatistics.precisionAtTop(scores, truth, 1)).isZero();
    assertThat(RankStatistics.precisionAtTop(scores, truth, 99)).isEqualTo(1);
  }

  /** Scores that are all the same choose at random: K of n, of which K of n are among the best. */
  @Test
  void tiesAreTheMeanOverAllOrders() {
    double[] scores = new double[10];
    double[] truth = IntStream.range(0, 10).asDoubleStream().toArray();
    assertThat(RankStatistics.precisionAtTop(scores, truth, 4)).isCloseTo(0.4, within(1e-12));
    // The largest of 4 of 0..9 at random is 11 * 4 / 5 - 1 in the mean.
    assertThat(RankStatistics.regretOfBest(scores, truth, 4)).isCloseTo(9 - 7.8, within(1e-12));
    assertThat(RankStatistics.regretOfBest(scores, truth, 10)).isCloseTo(0, within(1e-12));
  }

  @Test
  void regretIsWhatTheBestOfTheChosenLacks() {
    double[] scores = {9, 8, 7, 1};
    double[] truth = {50, 10, 60, 70};
    assertThat(RankStatistics.regretOfBest(scores, truth, 1)).isEqualTo(20);
    assertThat(RankStatistics.regretOfBest(scores, truth, 3)).isEqualTo(10);
    // One of two that share the second place: 10 or 80.
    assertThat(RankStatistics.regretOfBest(new double[] {9, 8, 8}, new double[] {50, 10, 80}, 2))
        .isEqualTo(80 - (50 + 80) / 2.0);
  }

  @Test
  void kendallOfAHundredThousandIsNoMatterOfPairs() {
    Random random = new Random(3);
    double[] x = random.doubles(100_000).toArray();
    double[] y = random.doubles(100_000).toArray();
    long start = System.nanoTime();
    assertThat(Math.abs(RankStatistics.kendall(x, y))).isLessThan(0.02);
    assertThat(System.nanoTime() - start).isLessThan(5_000_000_000L);
  }
}
