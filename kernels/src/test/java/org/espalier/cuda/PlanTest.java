package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Which launches are one, by what they read and write. Addresses are numbers here. */
class PlanTest {
  private static final int KERNEL = 1;
  private static final int OTHER = 2;

  private final Records records = new Records(1 << 20, 64);

  private record Range(long start, long end, boolean written) {}

  private static Range reads(long start, long end) {
    return new Range(start, end, false);
  }

  private static Range writes(long start, long end) {
    return new Range(start, end, true);
  }

  /** A launch of so many blocks. */
  private void launch(int kernel, int blocks, Range... ranges) {
    long[] addresses = new long[ranges.length];
    long[] extents = new long[ranges.length];
    int end = records.valuesStart();
    for (int i = 0; i < ranges.length; i++) {
      addresses[i] = ranges[i].start;
      extents[i] = 2 * (ranges[i].end - ranges[i].start) + (ranges[i].written ? 1 : 0);
      records.bytes().putLong(end, addresses[i]);
      end += 8;
    }
    records.launch(kernel, blocks, 1, 1, 256, 0, end, addresses, extents, ranges.length);
  }

  /** The number of jobs of each launch, in their order. */
  private List<Integer> jobs() {
    Plan plan = new Plan(64, null);
    plan.make(records);
    return plan.calls().stream().map(Plan.Call::jobs).toList();
  }

  @Test
  void readersOfTheSameAreOneLaunch() {
    launch(KERNEL, 4, reads(0, 64), writes(100, 164));
    launch(KERNEL, 4, reads(0, 64), writes(200, 264));
    launch(KERNEL, 4, reads(0, 64), writes(300, 364));
    assertThat(jobs()).containsExactly(3);
  }

  @Test
  void whoReadsWhatAnotherWritesComesLater() {
    launch(KERNEL, 4, writes(0, 64));
    launch(KERNEL, 4, reads(60, 100), writes(200, 264));
    assertThat(jobs()).containsExactly(1, 1);
  }

  @Test
  void whoWritesWhatAnotherReadsComesLater() {
    launch(KERNEL, 4, reads(0, 64));
    launch(KERNEL, 4, writes(32, 36));
    assertThat(jobs()).containsExactly(1, 1);
  }

  @Test
  void whoWritesWhatAnotherWritesComesLater() {
    launch(KERNEL, 4, writes(0, 64));
    launch(KERNEL, 4, writes(0, 64));
    assertThat(jobs()).containsExactly(1, 1);
  }

  @Test
  void partsOfOneBufferAreTheirOwn() {
    launch(OTHER, 4, writes(0, 96));
    launch(KERNEL, 4, writes(0, 32));
    launch(KERNEL, 4, writes(32, 64));
    launch(KERNEL, 4, writes(64, 96));
    launch(OTHER, 4, reads(0, 96));
    assertThat(jobs()).containsExactly(1, 3, 1);
  }

  @Test
  void branchesThatWereAskedForOneAfterTheOtherAreSideBySide() {
    for (int branch = 1; branch <= 5; branch++) {
      long at = 1000L * branch;
      launch(KERNEL, 4, reads(0, 64), writes(at, at + 64));
      launch(OTHER, 4, reads(at, at + 64), writes(at + 100, at + 164));
      launch(KERNEL, 4, reads(at + 100, at + 164), writes(at + 200, at + 264));
    }
    assertThat(jobs()).containsExactly(5, 5, 5);
  }

  @Test
  void whatNobodyWaitsForComesTogetherAtTheEnd() {
    for (int layer = 1; layer <= 3; layer++) {
      long at = 1000L * layer;
      launch(KERNEL, 4, reads(at - 1000, at - 936), writes(at, at + 64));
      launch(OTHER, 4, reads(at, at + 64), writes(at + 100, at + 164));
    }
    assertThat(jobs()).containsExactly(1, 1, 1, 3);
  }

  @Test
  void aLargeLaunchIsNotJoinedToManySmallOnes() {
    for (int i = 1; i <= 6; i++) {
      launch(KERNEL, i == 6 ? 100_000 : 1000, writes(100L * i, 100 * i + 64));
    }
    assertThat(jobs()).containsExactlyInAnyOrder(5, 1);
  }

  @Test
  void everyPieceIsDoneOnceAndBehindWhatItWaitsFor() {
    long seed = new Random().nextLong();
    System.out.println("plan of seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 64; i++) {
      long read = random.nextInt(40);
      long written = random.nextInt(40);
      launch(
          random.nextInt(3),
          1 + random.nextInt(5000),
          reads(read, read + 1 + random.nextInt(4)),
          writes(written, written + 1 + random.nextInt(4)));
    }
    Schedule schedule = new Schedule(64);
    schedule.begin();
    for (int i = 0; i < 64; i++) {
      records.tell(i, schedule);
    }
    Plan plan = new Plan(64, random);
    plan.make(records);
    assertThat(plan.calls().stream().mapToInt(Plan.Call::jobs).sum()).isEqualTo(64);
    List<Integer> firsts = new ArrayList<>();
    plan.calls().forEach(call -> firsts.add(call.piece()));
    for (int i = 0; i < firsts.size(); i++) {
      for (int at = schedule.first(firsts.get(i)); at >= 0; at = schedule.next(at)) {
        int waiting = firsts.indexOf(schedule.at(at));
        assertThat(waiting < 0 || waiting > i).isTrue();
      }
    }
  }
}
