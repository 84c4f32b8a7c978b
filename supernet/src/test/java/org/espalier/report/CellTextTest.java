package org.espalier.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.espalier.space.CellGraph;
import org.espalier.space.CellGraph.Arrow;
import org.junit.jupiter.api.Test;

class CellTextTest {
  @Test
  void aNasBench201CellIsAFewLines() {
    assertThat(CellText.draw(List.of(SampleRuns.NB201)))
        .isEqualTo(
            """
            0 ── nor_conv_3x3 ───▶ 1
            0 ── skip_connect ──┐
            1 ── nor_conv_1x1 ──┴▶ 2
            0 ── nor_conv_3x3 ──┐
            1 ·· none ··········┤
            2 ── avg_pool_3x3 ──┴▶ 3
            """);
  }

  @Test
  void theTwoCellsOfDartsStandSideBySide() {
    assertThat(CellText.draw(List.of(SampleRuns.DARTS_NORMAL, SampleRuns.DARTS_REDUCE)))
        .isEqualTo(
            """
            normal                               reduce
            c_{k-2} ── sep_conv_3x3 ──┐          c_{k-2} ── max_pool_3x3 ──┐
            c_{k-1} ── sep_conv_3x3 ──┴▶ 0       c_{k-1} ── max_pool_3x3 ──┴▶ 0
            c_{k-2} ── sep_conv_3x3 ──┐                0 ── skip_connect ──┐
            c_{k-1} ── sep_conv_3x3 ──┴▶ 1       c_{k-1} ── max_pool_3x3 ──┴▶ 1
            c_{k-1} ── sep_conv_3x3 ──┐          c_{k-2} ── max_pool_3x3 ──┐
            c_{k-2} ── skip_connect ──┴▶ 2             0 ── skip_connect ──┴▶ 2
            c_{k-2} ── skip_connect ──┐                0 ── skip_connect ──┐
                  0 ── dil_conv_3x3 ──┴▶ 3       c_{k-1} ── max_pool_3x3 ──┴▶ 3
            0 1 2 3 ───────────────────▶ c_{k}   0 1 2 3 ───────────────────▶ c_{k}
            """);
  }

  @Test
  void cellsThatAreTooWideTogetherStandBelowEachOther() {
    String drawn = CellText.draw(Collections.nCopies(3, SampleRuns.DARTS_NORMAL));

    assertThat(drawn.lines()).hasSize(32).allMatch(line -> line.length() < 80);
  }

  @Test
  void aTerminalWithoutLinesGetsAscii() {
    assertThat(CellText.draw(List.of(SampleRuns.NB201), StandardCharsets.US_ASCII))
        .isEqualTo(
            """
            0 -- nor_conv_3x3 ---> 1
            0 -- skip_connect --\\
            1 -- nor_conv_1x1 --/> 2
            0 -- nor_conv_3x3 --\\
            1 .. none ..........|
            2 -- avg_pool_3x3 --/> 3
            """);
  }

  @Test
  void nothingIsDrawnOfNothing() {
    assertThat(CellText.draw(List.of())).isEmpty();
    assertThat(CellText.draw(List.of(new CellGraph("cell", List.of("0", "1"), List.of()))))
        .isBlank();
  }

  @Test
  void aSingleOperationIsOneLine() {
    assertThat(
            CellText.draw(
                List.of(
                    new CellGraph("cell", List.of("in", "out"), List.of(new Arrow(0, 1, "none"))))))
        .isEqualTo("in ·· none ···▶ out\n");
  }
}
