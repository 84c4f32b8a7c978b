package org.espalier.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the report says of a controller and of what was compared with the shared weights. */
class OneShotSectionTest {
  private static RunRecord run(boolean learned, List<Scored> scored) {
    RunRecord run = SampleRuns.nasBench201();
    List<SearchEpoch> search = new ArrayList<>();
    for (SearchEpoch e : run.search()) {
      Map<String, Double> policy =
          Map.of("reward", 0.1 * e.epoch(), "baseline", 0.05 * e.epoch(), "entropy", 9.0);
      search.add(
          new SearchEpoch(
              e.epoch(),
              e.epochs(),
              e.trainLoss(),
              e.trainAccuracy(),
              e.validLoss(),
              e.validAccuracy(),
              e.learningRate(),
              e.alphaEntropy(),
              e.skipShare(),
              e.imagesPerSecond(),
              e.seconds(),
              e.weights(),
              e.genotype(),
              learned ? policy : Map.of()));
    }
    return new RunRecord(
        run.title(),
        run.started(),
        run.seconds(),
        run.configuration(),
        run.environment(),
        run.candidates(),
        run.edges(),
        search,
        run.training(),
        run.contenders(),
        scored,
        run.cells(),
        run.warnings());
  }

  @Test
  void aRunWithoutEitherSaysNothing() {
    RunRecord run = run(false, List.of());
    assertThat(OneShotSection.html(run)).isEmpty();
    assertThat(OneShotSection.charts(run)).isEmpty();
  }

  @Test
  void aControllerShowsRewardBaselineAndEntropy() {
    RunRecord run = run(true, List.of(new Scored(1, "|a~0|", 0, 8, 0, 0.5)));
    assertThat(OneShotSection.html(run))
        .contains("The controller", "data-chart=\"reward\"", "data-chart=\"policy-entropy\"")
        .contains(
            "1 architectures, each on 8 validation batches, batch-norm statistics of each batch")
        .doesNotContain("data-chart=\"generations\"");
    List<Chart> charts = OneShotSection.charts(run);
    assertThat(charts).extracting(Chart::id).containsExactly("reward", "policy-entropy");
    assertThat(charts.getFirst().series())
        .extracting(Chart.Series::name)
        .containsExactly("reward", "baseline");
    assertThat(charts.getFirst().series().getFirst().values()).startsWith(0.1, 0.2);
  }

  @Test
  void anEvolutionShowsItsGenerationsAndTheBestOfAll() {
    List<Scored> scored = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      scored.add(new Scored(1 + i / 10, "<arch " + i + ">", 8, 0, 0, (i * 7 % 30) / 100.0));
    }
    RunRecord run = run(false, scored);
    String html = OneShotSection.html(run);
    assertThat(html)
        .contains("30 architectures, each on all validation images")
        .contains("taken anew for each from 8 training batches")
        .contains("&lt;arch 17&gt;") // 0.29
        .doesNotContain("<arch", "&lt;arch 0&gt;");
    Chart generations = OneShotSection.charts(run).getFirst();
    assertThat(generations.axis()).isEqualTo("generation");
    assertThat(generations.x()).containsExactly(1, 2, 3);
    assertThat(generations.series().getFirst().values()).containsExactly(0.28, 0.29, 0.27);
    assertThat(Chart.of(run)).contains(generations);
  }

  @Test
  void finalistsAreShownRatherThanTheCandidatesBeforeThem() {
    List<Scored> scored =
        List.of(
            new Scored(1, "first", 0, 2, 0, 0.9),
            new Scored(1, "second", 0, 2, 2, 0.8),
            new Scored(2, "second", 0, 0, 0, 0.7));
    assertThat(OneShotSection.html(run(false, scored)))
        .contains("The last round: on all validation images.", "second")
        .doesNotContain("first</code>");
  }
}
