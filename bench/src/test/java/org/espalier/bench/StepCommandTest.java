package org.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

/** The arithmetic of the table. */
class StepCommandTest {
  @Test
  void theMedianOfAnEvenNumberIsBetweenTheMiddleTwo() {
    assertThat(Timing.of(new double[] {5, 1, 3})).isEqualTo(new Timing(3, 1, 5));
    assertThat(Timing.of(new double[] {5, 1, 3, 2})).isEqualTo(new Timing(2.5, 1, 5));
    assertThat(Timing.of(new double[] {4})).isEqualTo(new Timing(4, 4, 4));
  }

  /** Both took twice as long in the second turn, and that says nothing of either. */
  @Test
  void othersAreComparedTurnByTurn() {
    Turns ours = new Turns(new double[] {1, 2, 1});
    Turns theirs = new Turns(new double[] {3, 6, 4});
    assertThat(theirs.ratio(ours)).isEqualTo(new Timing(3, 3, 4));
    assertThat(
            StepCommand.note(theirs.ratio(ours), new Torch.Cost(theirs.timing(), 9, 7 << 20, 0, 0)))
        .isEqualTo(" 3.00 x simd (3.00 to 4.00), resident 7 MiB; the first steps took 9 s more");
  }

  @Test
  void aTurnIsASecondOfStepsAndTheFirstDoesNotCount() throws Exception {
    List<Integer> asked = new ArrayList<>();
    Contender quick =
        new Contender() {
          @Override
          public double[] take(int steps) {
            asked.add(steps);
            return DoubleStream.generate(() -> asked.size() == 1 ? 5 : 0.25).limit(steps).toArray();
          }

          @Override
          public void close() {}
        };
    assertThat(Turns.of(List.of(quick), 3).getFirst().seconds()).containsExactly(0.25, 0.25, 0.25);
    assertThat(asked).containsExactly(1, 1, 4, 4);
  }

  @Test
  void sampledPathsAreComparedByTheMean() {
    assertThat(StepCommand.share(0.1, 0.5)).isEqualTo("mean 0.1000 s, 20 % of the full one's");
  }

  @Test
  void aRowHasTimeThenANote() {
    Heap heap = new Heap(100L << 20, (2000L << 20) + 600_000);
    assertThat(
            StepCommand.line("espalier simd", new Timing(0.5, 0.4, 0.7), StepCommand.memory(heap)))
        .isEqualTo(
            "  espalier simd              0.5000 s  (0.4000 to 0.7000)   1.00 x simd, heap 100"
                + " live, 2001 peak MiB");
  }

  @Test
  void compilingIsWhatTheFirstStepsTookBeyondTheOthers() throws Exception {
    String printed =
        """
        {"median_s": 0.5, "min_s": 0.4, "max_s": 0.9, "warmup_s": 101.5, "peak_rss_mib": 7,
         "kernels": 3}\
        """;
    assertThat(Torch.Cost.of(new ObjectMapper().readTree(printed)))
        .isEqualTo(new Torch.Cost(new Timing(0.5, 0.4, 0.9), 100, 7 << 20, 0, 3));
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
