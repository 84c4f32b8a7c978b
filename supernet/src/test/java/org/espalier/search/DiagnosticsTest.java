package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import org.espalier.report.SearchEpoch;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.junit.jupiter.api.Test;

/** Which epochs of a search call for a warning. */
class DiagnosticsTest {
  private static final SearchSpace SPACE = Spaces.of("nasbench201");

  /** Six choices among five operations. */
  private static final double MOST = 6 * Math.log(5);

  private static final int EPOCHS = 10;

  @Test
  void skipsOnMostEdgesAreACollapseOnceAlphaLearns() {
    assertThat(warning(4, 0.6, Map.of(), true))
        .hasValueSatisfying(
            text -> assertThat(text).contains("collapses: since epoch 4", "60 % of the edges"));
    assertThat(warning(4, 0.6, Map.of(), false)).as("alpha is noise").isEmpty();
    assertThat(warning(4, 0.5, Map.of(), true)).isEmpty();
  }

  @Test
  void skipsOfAPolicyCountOnceItHasDecided() {
    assertThat(warning(4, 1, entropy(0.4), false))
        .hasValueSatisfying(text -> assertThat(text).contains("collapses"));
    assertThat(warning(4, 1, entropy(0.8), false)).as("chance").isEmpty();
  }

  @Test
  void aPolicyThatSettlesBeforeTheEndIsSaidToHaveSettledEarly() {
    assertThat(warning(3, 0, entropy(0.04), false))
        .hasValueSatisfying(
            text ->
                assertThat(text)
                    .contains("settled early: in epoch 3 of 10", "0.39 of at most 9.66 nats"));
    assertThat(warning(EPOCHS, 0, entropy(0.04), false)).as("at the end it may").isEmpty();
  }

  @Test
  void aPolicyThatEndsAsItBeganHasLearnedNothing() {
    assertThat(warning(EPOCHS, 0, entropy(0.998), false))
        .hasValueSatisfying(
            text ->
                assertThat(text).contains("learned next to nothing", "9.64 of at most 9.66 nats"));
    assertThat(warning(1, 0, entropy(0.998), false)).as("at the beginning it may").isEmpty();
    assertThat(warning(EPOCHS, 0, entropy(0.9), false)).isEmpty();
  }

  private static Map<String, Double> entropy(double share) {
    return Map.of("entropy", share * MOST);
  }

  private static Optional<String> warning(
      int epoch, double skips, Map<String, Double> policy, boolean learns) {
    SearchEpoch measured =
        new SearchEpoch(
            epoch, EPOCHS, 1, 0.5, 1, 0.5, 0.01, 1, skips, 100, 1, Map.of(), "", policy);
    return Diagnostics.warning(SPACE, measured, learns);
  }
}
