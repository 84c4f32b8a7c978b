package org.espalier.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** Learning rates against closed forms and what PyTorch's schedulers give. */
class ScheduleTest {
  @Test
  void aConstantStays() {
    assertThat(Schedule.constant(3e-4f).at(0)).isEqualTo(3e-4f);
    assertThat(Schedule.constant(3e-4f).at(1e6)).isEqualTo(3e-4f);
  }

  /**
   * torch.optim.lr_scheduler.CosineAnnealingLR(T_max=50, eta_min=0.001) from 0.025: DARTS' search.
   */
  @Test
  void cosineIsPyTorchsCosineAnnealing() {
    Schedule cosine = Schedule.cosine(0.025f, 0.001f, 50);
    double[][] known = {
      {0, 0.025},
      {1, 0.02497631879},
      {10, 0.02270820393},
      {12.5, 0.02148528137},
      {25, 0.013},
      {49, 0.00102368121},
      {50, 0.001}
    };
    for (double[] each : known) {
      assertThat((double) cosine.at(each[0]))
          .as("epoch %s", each[0])
          .isCloseTo(each[1], within(2e-9));
    }
  }

  @Test
  void afterItsLastEpochACosineStaysAtItsEnd() {
    assertThat(Schedule.cosine(0.1f, 0, 12).at(12)).isZero();
    assertThat(Schedule.cosine(0.1f, 0, 12).at(13.5)).isZero();
  }

  /**
   * CosineAnnealingWarmRestarts(T_0=10, T_mult=2, eta_min=0.0005) from 0.05: ENAS. Periods start at
   * 0, 10, 30, 70.
   */
  @Test
  void warmRestartsStartAgainEachTimeForTwiceAsLong() {
    Schedule restarts = Schedule.warmRestarts(0.05f, 0.0005f, 10, 2);
    double[][] known = {
      {0, 0.05},
      {5, 0.02525},
      {10, 0.05},
      {15, 0.04275089277},
      {20, 0.02525},
      {30, 0.05},
      {50, 0.02525},
      {70, 0.05},
      {110, 0.02525}
    };
    for (double[] each : known) {
      assertThat((double) restarts.at(each[0]))
          .as("epoch %s", each[0])
          .isCloseTo(each[1], within(1e-8));
    }
    assertThat((double) restarts.at(9.999)).isCloseTo(0.0005, within(1e-6));
    assertThat((double) restarts.at(29.999)).isCloseTo(0.0005, within(1e-6));
  }

  @Test
  void warmRestartsWithFactorOneHavePeriodsOfOneLength() {
    Schedule restarts = Schedule.warmRestarts(1, 0, 4, 1);
    for (double epoch = 0; epoch < 4; epoch += 0.5) {
      assertThat(restarts.at(epoch + 8)).isEqualTo(restarts.at(epoch));
    }
  }

  /** Drop path's 0 to 0.2 over 600 epochs. */
  @Test
  void linearIsAStraightLineAndThenStays() {
    Schedule linear = Schedule.linear(0, 0.2f, 600);
    assertThat(linear.at(0)).isZero();
    assertThat((double) linear.at(150)).isCloseTo(0.05, within(1e-8));
    assertThat((double) linear.at(600)).isCloseTo(0.2, within(1e-8));
    assertThat(linear.at(601)).isEqualTo(0.2f);
    assertThat((double) Schedule.linear(10, 0.1f, 4).at(1)).isCloseTo(7.525, within(1e-6));
  }

  /** StepLR(step_size=1, gamma=0.97) from 0.1: DARTS on ImageNet; and every 30 epochs by 0.1. */
  @Test
  void stepsAreTakenAfterWholePeriods() {
    Schedule imageNet = Schedule.step(0.1f, 0.97f, 1);
    assertThat((double) imageNet.at(0.999)).isCloseTo(0.1, within(1e-8));
    assertThat((double) imageNet.at(1)).isCloseTo(0.097, within(1e-8));
    assertThat((double) imageNet.at(10)).isCloseTo(0.07374241, within(1e-7));
    Schedule thirds = Schedule.step(0.1f, 0.1f, 30);
    assertThat((double) thirds.at(29.9)).isCloseTo(0.1, within(1e-8));
    assertThat((double) thirds.at(30)).isCloseTo(0.01, within(1e-8));
    assertThat((double) thirds.at(89)).isCloseTo(0.001, within(1e-8));
  }
}
