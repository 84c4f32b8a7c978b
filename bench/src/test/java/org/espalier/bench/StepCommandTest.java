package org.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

/** The arithmetic of the table. */
class StepCommandTest {
  @Test
  void theMedianOfAnEvenNumberIsBetweenTheMiddleTwo() {
    assertThat(Timing.of(new double[] {5, 1, 3})).isEqualTo(new Timing(3, 1, 5));
    assertThat(Timing.of(new double[] {5, 1, 3, 2})).isEqualTo(new Timing(2.5, 1, 5));
    assertThat(Timing.of(new double[] {4})).isEqualTo(new Timing(4, 4, 4));
  }

  @Test
  void othersAreComparedByTheMedianAndSampledPathsByTheMean() {
    Timing ours = new Timing(0.5, 0.4, 0.7);
    assertThat(StepCommand.beside(new Timing(1.25, 1, 2), ours)).isEqualTo(" 2.50 x simd");
    assertThat(StepCommand.share(0.1, 0.5)).isEqualTo("mean 0.1000 s, 20 % of the full one's");
  }

  @Test
  void aRowHasMemoryThenTime() {
    String memory = StepCommand.memory(new Heap(100L << 20, (2000L << 20) + 600_000));
    assertThat(StepCommand.line("espalier simd", memory, new Timing(0.5, 0.4, 0.7), "note"))
        .isEqualTo(
            "  espalier simd            heap   100 live,  2001 peak MiB    0.5000 s  (0.4000 to"
                + " 0.7000)  note");
  }

  @Test
  void compilingIsWhatTheFirstStepsTookBeyondTheOthers() throws Exception {
    String printed =
        """
        {"median_s": 0.5, "min_s": 0.4, "max_s": 0.9, "warmup_s": 101.5, "peak_rss_mib": 7}\
        """;
    assertThat(Torch.Cost.of(new ObjectMapper().readTree(printed)))
        .isEqualTo(new Torch.Cost(new Timing(0.5, 0.4, 0.9), 100, 7 << 20, 0));
  }

  @Test
  void theMemoryOfStepsIsSeen() {
    Heap.restart();
    Heap before = Heap.measured();
    float[] held = new float[8 << 20];
    Heap heap = Heap.measured();
    held[0] = 1; // still needed
    assertThat(heap.live() - before.live()).isBetween(30L << 20, 40L << 20);
    assertThat(heap.peak()).isGreaterThanOrEqualTo(heap.live());
  }
}
