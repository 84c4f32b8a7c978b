package org.espalier.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.cpu.EjmlBackend;
import org.junit.jupiter.api.Test;

class MemoryTest {
  private static final int SIZE = 100;

  /** A pass that has three buffers at a time, and takes forty. */
  private static List<Buffer> pass(Memory memory) {
    memory.settle();
    List<Buffer> taken = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      taken.add(memory.take(SIZE));
      if (i >= 3) {
        memory.give(taken.get(i - 3));
      }
    }
    taken.subList(37, 40).forEach(memory::give);
    return taken;
  }

  @Test
  void inOrderABufferIsTakenAgainAtOnce() {
    Memory memory = new Memory(new EjmlBackend());
    Buffer buffer = memory.take(SIZE);
    memory.give(buffer);
    assertThat(memory.take(SIZE)).isSameAs(buffer);
    assertThat(memory.allocations()).isEqualTo(1);
  }

  @Test
  void withSpareBuffersOneRestsUntilTheOthersWereTaken() {
    Memory memory = new Memory(new EjmlBackend(), 8L * 4 * SIZE);
    List<Buffer> taken = pass(memory);
    assertThat(memory.allocations()).as("four in use at most, and eight").isEqualTo(12);
    for (int i = 0; i < taken.size(); i++) {
      assertThat(taken.subList(Math.max(0, i - 11), i)).doesNotContain(taken.get(i));
    }
  }

  @Test
  void buffersOfNothingAreBuffersToo() {
    for (long spare : new long[] {0, 1 << 20}) {
      Memory memory = new Memory(new EjmlBackend(), spare);
      memory.give(memory.take(0));
      assertThat(memory.take(0).size()).isZero();
      assertThat(memory.bytes()).isZero();
    }
  }

  @Test
  void likePassesAllocateNothingAndTakeLikeBuffers() {
    for (long spare : new long[] {0, 8L * 4 * SIZE, 1 << 20}) {
      Memory memory = new Memory(new EjmlBackend(), spare);
      pass(memory);
      long first = memory.allocations();
      List<Buffer> second = pass(memory);
      assertThat(memory.allocations()).isEqualTo(first);
      assertThat(pass(memory)).isEqualTo(second);
    }
  }
}
