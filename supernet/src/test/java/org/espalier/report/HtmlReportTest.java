package org.espalier.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.InputException;
import org.espalier.space.CellGraph;
import org.espalier.space.CellGraph.Arrow;
import org.espalier.space.Genotype;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HtmlReportTest {
  private static final String HOSTILE = "</script><script>alert('1' & \"2\")</script>";

  @Test
  void theNumbersOfAllContendersAreOnThePage() {
    RunRecord run = SampleRuns.nasBench201();

    String page = HtmlReport.page(run);

    for (Contender contender : run.contenders()) {
      assertThat(page)
          .contains(contender.name())
          .contains(Figures.percent(contender.testAccuracy()))
          .contains(Figures.decimal(contender.testLoss(), 4))
          .contains(Figures.grouped(contender.parameters()))
          .contains(Figures.grouped(contender.flops()))
          .contains(contender.text().replace("|+|", "|+<wbr>|"));
    }
    assertThat(page).contains("89.43\u00a0%", "73,818", "11,663,321");
  }

  @Test
  void theConfigurationAndTheEnvironmentAreOnThePage() {
    RunRecord run = SampleRuns.nasBench201();

    String page = HtmlReport.page(run);

    assertThat(page).contains("learning-rate: 0.025", "<dt>seed</dt><dd>7</dd>");
    assertThat(page).contains(run.environment().values());
  }

  @Test
  void warningsAreShown() {
    assertThat(HtmlReport.page(SampleRuns.darts()))
        .contains("skip connections lead on 7 of 14 edges");
  }

  @Test
  void whatLooksLikeMarkupStaysText() {
    var hostile =
        new RunRecord(
            HOSTILE,
            HOSTILE,
            1,
            HOSTILE,
            Map.of(HOSTILE, HOSTILE, "seed", HOSTILE),
            List.of(HOSTILE, "none"),
            Map.of(HOSTILE, List.of(HOSTILE)),
            List.of(
                new SearchEpoch(
                    1,
                    1,
                    1,
                    1,
                    1,
                    1,
                    1,
                    1,
                    1,
                    1,
                    1,
                    Map.of(HOSTILE, new float[][] {{0.7f, 0.3f}}),
                    HOSTILE,
                    Map.of())),
            List.of(new TrainEpoch(HOSTILE, 1, 1, 1, 1, 1, 1, 1, 1, 1)),
            List.of(
                new Contender(HOSTILE, new Genotype("space", List.of()), HOSTILE, 1, 1, 0.5, 1, 1)),
            List.of(),
            List.of(
                new CellGraph(HOSTILE, List.of(HOSTILE, "1"), List.of(new Arrow(0, 1, HOSTILE)))),
            List.of(HOSTILE));

    String page = HtmlReport.page(hostile);

    assertThat(page).doesNotContain("<script>alert").contains("&lt;script&gt;alert");
    assertThat(Pattern.compile("<script").matcher(page).results()).hasSize(3);
    assertThat(charts(page).get(0).at("/x/0").asInt()).isEqualTo(1);
  }

  @Test
  void whatLooksLikeAPlaceholderStaysText() {
    RunRecord run = SampleRuns.nasBench201();
    var named =
        new RunRecord(
            "{{d3}} $1",
            run.started(),
            run.seconds(),
            "",
            Map.of(),
            run.candidates(),
            run.edges(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of());

    assertThat(HtmlReport.page(named)).contains("<h1>{{d3}} $1</h1>");
  }

  @Test
  void nothingIsLoadedFromElsewhere() {
    String page = HtmlReport.page(SampleRuns.darts());

    assertThat(page)
        .doesNotContainPattern("<(link|img|iframe|object|embed|base)\\b")
        .doesNotContainPattern("\\b(src|href|action)\\s*=\\s*[\"']?\\s*(https?:)?//")
        .doesNotContainPattern("url\\(\\s*[\"']?\\s*(?!#)\\w+:")
        .doesNotContainPattern("@import|\\bimport\\s*\\(|\\bfetch\\s*\\(\\s*[\"']")
        .contains("default-src 'none'");
  }

  @Test
  void everyChartHasItsFigureAndEveryFigureItsChart() {
    for (RunRecord run :
        List.of(SampleRuns.nasBench201(), SampleRuns.darts(), SampleRuns.nasBench201(1))) {
      String page = HtmlReport.page(run);
      List<String> figures =
          Pattern.compile("data-chart=\"([^\"$]+)\"")
              .matcher(page)
              .results()
              .map(m -> m.group(1))
              .toList();
      List<String> charts = new ArrayList<>();
      charts(page).forEach(chart -> charts.add(chart.get("id").asText()));

      assertThat(charts).containsExactlyInAnyOrderElementsOf(figures).doesNotHaveDuplicates();
    }
  }

  @Test
  void edgesAreNamedAsInTheDrawingWhetherTheRunNumbersTheirNodesOrNamesThem() {
    RunRecord named = SampleRuns.darts();
    List<String> numbers = new ArrayList<>();
    for (int to = 2; to < 6; to++) {
      for (int from = 0; from < to; from++) {
        numbers.add(from + " → " + to);
      }
    }
    Map<String, List<String>> cells = new LinkedHashMap<>();
    cells.put("normal", numbers);
    cells.put("reduce", numbers);
    var numbered =
        new RunRecord(
            named.title(),
            named.started(),
            named.seconds(),
            named.configuration(),
            named.environment(),
            named.candidates(),
            cells,
            named.search(),
            named.training(),
            named.contenders(),
            List.of(),
            named.cells(),
            named.warnings());

    assertThat(HtmlReport.page(numbered))
        .isEqualTo(HtmlReport.page(named))
        .contains("<b>c_{k-2} → 0</b>", "strongest chosen");
  }

  @Test
  void aRunThatHasOnlyJustBegunIsAShortPage() {
    String page = HtmlReport.page(SampleRuns.empty());

    assertThat(page)
        .contains("The search has not finished an epoch yet.")
        .doesNotContain("<section");
  }

  @Test
  void aSearchWithoutTrainingShowsWhatItWouldPick() {
    String page = HtmlReport.page(SampleRuns.nasBench201(1));

    assertThat(page)
        .contains("has not been trained yet", "<svg xmlns", "nor_conv_3x3~0")
        .doesNotContain("Trained from scratch");
  }

  @Test
  void contendersWithoutASearchAreShown() {
    RunRecord run = SampleRuns.nasBench201();
    var trained =
        new RunRecord(
            run.title(),
            run.started(),
            run.seconds(),
            run.configuration(),
            run.environment(),
            List.of(),
            Map.of(),
            List.of(),
            run.training(),
            run.contenders(),
            List.of(),
            run.cells(),
            List.of());

    assertThat(HtmlReport.page(trained))
        .contains("Trained from scratch")
        .doesNotContain("The search</h2>");
  }

  @Test
  void valuesThatAreNotFiniteAreGapsAndDashes() {
    double nan = Double.NaN;
    Map<String, float[][]> weights =
        Map.of("cell", new float[][] {{Float.NaN, 0.4f}, {Float.NaN, Float.NaN}});
    var epoch =
        new SearchEpoch(
            1,
            3,
            nan,
            nan,
            Double.POSITIVE_INFINITY,
            nan,
            nan,
            nan,
            nan,
            nan,
            nan,
            weights,
            "",
            Map.of());
    var run =
        new RunRecord(
            "diverged",
            "",
            nan,
            "",
            Map.of(),
            List.of("none", "skip_connect"),
            Map.of("cell", List.of("0 -> 1", "0 -> 2", "1 -> 2")),
            List.of(epoch),
            List.of(new TrainEpoch("found", 1, 2, nan, nan, nan, nan, nan, nan, nan)),
            List.of(
                new Contender("found", new Genotype("space", List.of()), "", 0, 0, nan, nan, nan)),
            List.of(),
            List.of(),
            List.of());

    String page = HtmlReport.page(run);

    assertThat(page).contains("ended without a test accuracy").doesNotContain(">NaN", "Infinity <");
    assertThat(charts(page).findValues("values").toString())
        .doesNotContain("NaN", "Infinity")
        .contains("null", "0.4");
  }

  @Test
  void thePageStaysSmall() {
    assertThat(HtmlReport.page(SampleRuns.darts()).length()).isLessThan(500_000);
    assertThat(HtmlReport.page(SampleRuns.nasBench201(600, 0.9)).length()).isLessThan(500_000);
  }

  @Test
  void theFileIsReplacedAndNothingElseIsLeft(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("report.html");
    Files.writeString(file, "old");

    HtmlReport.write(SampleRuns.nasBench201(), file);

    assertThat(file).content().startsWith("<!DOCTYPE html>").endsWith("</html>\n");
    assertThat(folder)
        .isDirectoryContaining(file::equals)
        .isDirectoryNotContaining(f -> !f.equals(file));
  }

  @Test
  void aFolderThatIsNotThereIsSaidInOneLine(@TempDir Path folder) {
    assertThatThrownBy(
            () -> HtmlReport.write(SampleRuns.empty(), folder.resolve("none/report.html")))
        .isInstanceOf(InputException.class)
        .hasMessageEndingWith("report.html cannot be written: no such file");
  }

  private static JsonNode charts(String page) {
    Matcher data =
        Pattern.compile("<script type=\"application/json\" id=\"charts\">(.*?)</script>")
            .matcher(page);
    assertThat(data.find()).isTrue();
    try {
      return new ObjectMapper().readTree(data.group(1));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
