package org.espalier.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkersTest {
  private final Workers workers = new Workers(3);

  @AfterEach
  void close() {
    workers.close();
  }

  @Test
  void eachChunkRunsOnce() throws InterruptedException {
    for (int round = 0; round < 2000; round++) {
      AtomicIntegerArray runs = new AtomicIntegerArray(round % 17);
      workers.parallel(runs.length(), (chunk, worker) -> runs.incrementAndGet(chunk));
      for (int chunk = 0; chunk < runs.length(); chunk++) {
        assertThat(runs.get(chunk)).isEqualTo(1);
      }
      if (round % 500 == 0) {
        Thread.sleep(2); // long enough for the others to park
      }
    }
  }

  @Test
  void rangesCoverAllItems() {
    AtomicInteger sum = new AtomicInteger();
    workers.ranges(
        10,
        4,
        (from, to, worker) -> {
          assertThat(to - from).isEqualTo(from == 8 ? 2 : 4);
          sum.addAndGet((to - from) * (from + to - 1) / 2);
        });
    assertThat(sum).hasValue(45);
  }

  @Test
  void anExceptionInAChunkReachesTheCallerAndThePoolLivesOn() {
    for (int failing = 0; failing < 8; failing++) {
      int bad = failing;
      assertThatThrownBy(
              () ->
                  workers.parallel(
                      8,
                      (chunk, worker) -> {
                        if (chunk == bad) {
                          throw new IllegalArgumentException("chunk " + chunk);
                        }
                      }))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("chunk " + bad);
    }
    eachChunkRunsOnceQuickly();
  }

  @Test
  void callsWithinAChunkRunOnItsOwnThread() {
    workers.parallel(
        6,
        (chunk, worker) -> {
          Thread here = Thread.currentThread();
          workers.parallel(
              3,
              (inner, same) -> {
                assertThat(Thread.currentThread()).isSameAs(here);
                assertThat(same).isEqualTo(worker);
              });
        });
  }

  @Test
  void scratchIsKeptPerWorkerAndSlot() {
    float[] first = workers.scratch(1, 0, 100);
    assertThat(workers.scratch(1, 0, 50)).isSameAs(first);
    assertThat(workers.scratch(1, 1, 50)).isNotSameAs(first);
    assertThat(workers.scratch(2, 0, 50)).isNotSameAs(first);
    assertThat(workers.scratch(1, 0, 200)).hasSizeGreaterThanOrEqualTo(200).isNotSameAs(first);
  }

  private void eachChunkRunsOnceQuickly() {
    AtomicInteger runs = new AtomicInteger();
    workers.parallel(20, (chunk, worker) -> runs.incrementAndGet());
    assertThat(runs).hasValue(20);
  }
}
