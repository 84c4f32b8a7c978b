package org.espalier.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class VerdictTest {
  @Test
  void aClearLeadIsCalledOne() {
    assertThat(verdict(0.8943, 0.8791, 0.8512))
        .isEqualTo(
            "The found architecture reaches 89.43 % test accuracy, 1.5 points more than the best of"
                + " 2 architectures trained the same way (random 1: 87.91 %, random 2: 85.12 %).");
  }

  @Test
  void aSmallLeadIsTooCloseToCall() {
    assertThat(verdict(0.8843, 0.8791, 0.8512))
        .contains("within a point of the best of 2", "too close to call");
  }

  @Test
  void aSmallDeficitIsTooCloseToCall() {
    assertThat(verdict(0.8743, 0.8791))
        .contains("within a point of the architecture trained the same way", "too close to call");
  }

  @Test
  void beingBehindTheBestIsSaid() {
    assertThat(verdict(0.8643, 0.8791, 0.8512)).contains("1.5 points less than the best of 2");
  }

  @Test
  void beingBehindAllIsSaidPlainly() {
    assertThat(verdict(0.8443, 0.8791, 0.8512))
        .contains("less than all 2 architectures", "nothing better than chance");
  }

  @Test
  void withoutRivalsNothingIsCompared() {
    assertThat(verdict(0.8443))
        .endsWith("84.43 % test accuracy. No other architecture was trained beside it.");
  }

  @Test
  void rivalsThatDivergedAreNotCountedAsBeaten() {
    assertThat(verdict(0.8443, Double.NaN))
        .endsWith("No other architecture was trained beside it.");
  }

  @Test
  void anUnfinishedSearchIsCalledUnfinished() {
    var run = SampleRuns.nasBench201(12);
    var half =
        new RunRecord(
            run.title(),
            run.started(),
            run.seconds(),
            run.configuration(),
            run.environment(),
            run.candidates(),
            run.edges(),
            run.search().subList(0, 5),
            run.training(),
            run.contenders(),
            run.scored(),
            run.cells(),
            run.warnings());

    assertThat(Verdict.of(half).sentence())
        .isEqualTo("The search has done 5 of 12 epochs; no architecture has been trained yet.");
  }

  private static String verdict(double... accuracies) {
    return Verdict.of(SampleRuns.nasBench201(3, accuracies)).sentence().replace('\u00a0', ' ');
  }
}
