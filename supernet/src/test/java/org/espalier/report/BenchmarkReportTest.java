package org.espalier.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The pages of tables: what they show, and that nothing in them is taken for markup. */
class BenchmarkReportTest {
  @Test
  void aRankingHasItsNumbersTheBestAndTheScatterPlot() {
    String page =
        RankReport.page(
            new RankReport.Content(
                "<synflow>",
                "accuracy on cifar10 after 200 epochs",
                List.of(new RankReport.Statistic("Kendall's tau-b", "0.575", "pairs")),
                List.of(new RankReport.Best("|none~0|", "41.9", 93.6, 2)),
                new double[] {41.94876860937543, Double.NEGATIVE_INFINITY, 12},
                new double[] {93.6, 90, 80},
                new int[] {4811, 5, 7},
                List.of("from a file & another")));
    assertThat(page)
        .contains("ranking report", "&lt;synflow&gt;", "0.575", "|none~0|", "93.60\u00a0%")
        .contains("from a file &amp; another", "data-chart=\"scatter\"")
        .contains("\"x\":[41.9488,12.0]", "\"numbers\":[4811,7]")
        .doesNotContain("<synflow>", "{{");
  }

  @Test
  void baselinesHaveTheirRegretAndThePublishedResults() {
    String page =
        BaselineReport.page(
            new BaselineReport.Content(
                "Black-box searches",
                List.of("500 runs each"),
                List.of("cifar10"),
                List.of(
                    new BaselineReport.Search(
                        "rea",
                        "ageing",
                        "102.2",
                        List.of("93.94 ± 0.39"),
                        List.of("93.92 ± 0.30"),
                        List.of(Double.NaN, 2.0)),
                    new BaselineReport.Search(
                        "local",
                        "hill",
                        "99.5",
                        List.of("93.99 ± 0.47"),
                        List.of(""),
                        List.of(3.0, 0.0))),
                List.of(100.0, 200.0),
                "cifar10",
                List.of("times are estimated")));
    assertThat(page)
        .contains("93.94 ± 0.39", "93.92 ± 0.30", "times are estimated", "500 runs each")
        .contains("\"axis\":\"seconds\"", "\"log\":true", "\"x\":[100,200]")
        .contains("\"values\":[null,2.0]", "\"values\":[3.0,null]")
        .doesNotContain("{{");
  }
}
