package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.espalier.report.SearchEpoch;
import org.espalier.search.Progress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a run looks while it goes on, on a terminal and in a file. */
class RunProgressTest {
  private static final Progress.Phase SEARCH = new Progress.Phase("search", 10, 100, 0);

  private final StringWriter written = new StringWriter();
  private long now;

  @Test
  void whatHasNeitherLossNorAccuracyShowsNeither() {
    Progress.Phase phase = new Progress.Phase("scoring", 1, 300, 0);
    Progress.Step step = new Progress.Step(1, 12, Double.NaN, Double.NaN, 64);
    assertThat(new StatusLine(phase, step, 64, 75).plain())
        .isEqualTo("scoring  epoch 1/1  step 12/300  64 images/s  1:15 left");
    assertThat(new StatusLine(phase, step, 64, 75).fit(40, false)).hasSizeLessThanOrEqualTo(40);
    Progress.Step diverged = new Progress.Step(1, 12, Double.NaN, 0.1, 64);
    assertThat(new StatusLine(phase, diverged, 64, 75).plain()).contains("loss NaN  acc 10.0%");
  }

  @Test
  void inAFileTellsEveryEpochAndAStepOfEveryTenSeconds() {
    RunProgress progress = on(new Screen(false, 100, StandardCharsets.UTF_8));
    progress.begin(SEARCH);
    for (int step = 1; step <= 100; step++) {
      now += 250_000_000;
      progress.step(step(1, step));
    }
    progress.epoch(epoch(1));
    progress.end(SEARCH);
    assertThat(written.toString().lines())
        .containsExactly(
            "the header",
            "search  epoch 1/10  step 40/100  loss 1.234  acc 56.7%  321 images/s  4:00 left",
            "search  epoch 1/10  step 80/100  loss 1.234  acc 56.7%  321 images/s  3:50 left",
            "search  1/10  train 1.234 56.7%  valid 1.345 54.3%  entropy 1.61  skip 17%  25.0 s");
  }

  @Test
  void onATerminalDrawsOneLineOverAndOver() {
    RunProgress progress = on(new Screen(true, 80, StandardCharsets.UTF_8));
    progress.begin(SEARCH);
    for (int step = 1; step <= 4; step++) {
      now += 60_000_000;
      progress.step(step(1, step));
    }
    progress.note("careful");
    progress.end(SEARCH);
    String all = written.toString();
    assertThat(all.split("\r", -1)).as("two drawn, one cleared").hasSize(4);
    assertThat(all).endsWith("\r\033[Kcareful\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {20, 40, 60, 79, 99})
  void aStatusLineFitsAnyWidth(int width) {
    var phase = new Progress.Phase("training random 2", 200, 1000, 0);
    String line = new StatusLine(phase, step(123, 456), 12345, 7384).fit(width, true);
    assertThat(line).hasSizeLessThanOrEqualTo(width).startsWith("training random 2");
  }

  @Test
  void aBarShowsHowFarThePhaseIs() {
    String line = new StatusLine(SEARCH, step(6, 50), 321, 75).fit(79, true);
    assertThat(line)
        .isEqualTo(
            "search  ━━━━━━─────  epoch 6/10  loss 1.234  acc 56.7%  321 images/s  1:15 left");
    assertThat(new StatusLine(SEARCH, step(6, 50), 321, 75).fit(79, false))
        .contains("  ======-----  ");
  }

  @Test
  void theTimeLeftFollowsTheLastHalfMinuteAndNotTheSlowStart() {
    Pace pace = new Pace(new Progress.Phase("search", 1, 1000, 500), 0);
    assertThat(pace.secondsLeft()).isNaN();
    pace.step(step(1, 501), 60_000_000_000L);
    for (int step = 502; step <= 900; step++) {
      pace.step(step(1, step), 60_000_000_000L + (step - 501) * 200_000_000L);
    }
    assertThat(pace.secondsLeft()).isBetween(19.9, 20.1);
  }

  @Test
  void columnsAreAlignedAndTheLastOneBroken() {
    String table =
        new Table("lrl")
            .row("a", "1", "short")
            .row("bcd", "234", "many words ".repeat(12).strip())
            .toString();
    assertThat(table.lines().toList())
        .hasSize(3)
        .allMatch(line -> line.length() <= 100)
        .startsWith("a      1  short")
        .element(2)
        .asString()
        .matches(" {10}\\S.*");
  }

  private RunProgress on(Screen screen) {
    return new RunProgress(new PrintWriter(written), screen, "the header\n", () -> now);
  }

  private static Progress.Step step(int epoch, int step) {
    return new Progress.Step(epoch, step, 1.234, 0.567, 321);
  }

  private static SearchEpoch epoch(int epoch) {
    return new SearchEpoch(
        epoch, 10, 1.234, 0.567, 1.345, 0.543, 0.025, 1.609, 0.1667, 321, 25, Map.of(), "",
        Map.of());
  }
}
