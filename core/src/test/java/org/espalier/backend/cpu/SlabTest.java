package org.espalier.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlabTest {
  private static final int HEADER_BYTES = 16;
  private static final int LINE_BYTES = 64;

  @ParameterizedTest
  @ValueSource(ints = {1, 15, 16, 17, 1000, 300_000, 5_000_000})
  void buffersBeginALineAndHaveTheirSize(int size) {
    Slab slab = new Slab();
    for (int i = 0; i < 3; i++) {
      CpuBuffer taken = slab.take(size);
      assertThat(taken.size()).isEqualTo(size);
      assertThat((HEADER_BYTES + Float.BYTES * taken.offset()) % LINE_BYTES).isZero();
      assertThat(taken.offset() + size).isLessThanOrEqualTo(taken.data().length);
    }
  }

  @Test
  void noTwoShareAFloatAndAllAreZero() {
    Slab slab = new Slab();
    List<CpuBuffer> taken = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      CpuBuffer buffer = slab.take(1 + 37 * i);
      for (int k = 0; k < buffer.size(); k++) {
        assertThat(buffer.get(k)).isZero();
        buffer.set(k, i);
      }
      taken.add(buffer);
    }
    for (int i = 0; i < taken.size(); i++) {
      for (int k = 0; k < taken.get(i).size(); k++) {
        assertThat(taken.get(i).get(k)).isEqualTo(i);
      }
    }
  }

  /** What a net of large tensors needs, and not much more, is what its arrays take. */
  @Test
  void littleIsLeftOver() {
    Slab slab = new Slab();
    long wanted = 0;
    List<float[]> arrays = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      CpuBuffer buffer = slab.take(1 << 20);
      wanted += buffer.size();
      if (arrays.isEmpty() || arrays.getLast() != buffer.data()) {
        arrays.add(buffer.data());
      }
    }
    assertThat(arrays.stream().mapToLong(array -> array.length).sum()).isLessThan(wanted * 4 / 3);
  }
}
