package org.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.espalier.backend.Conv;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the single operations count as work. */
class OpCaseTest {
  @Test
  void convolutionsCountTheirMultiplyAddsTwice() {
    Conv dense = new Conv(64, 32, 32, 16, 16, 3, 3, 1, 1, 1, 1);
    assertThat(OpCase.CONV_3X3_C16.flop(false)).isEqualTo(2.0 * dense.multiplyAdds());
    assertThat(OpCase.CONV_3X3_C16.flop(true)).isEqualTo(4.0 * dense.multiplyAdds());
    Conv depthwise = new Conv(64, 32, 32, 16, 16, 5, 5, 1, 2, 1, 16);
    assertThat(OpCase.DEPTHWISE_5X5_C16.flop(false)).isEqualTo(2.0 * depthwise.multiplyAdds());
  }

  @Test
  void bytesAreThoseOfTheTensors() {
    double tensor = 4.0 * 64 * 32 * 32 * 16;
    assertThat(OpCase.RELU_C16.bytes(false)).isEqualTo(2 * tensor);
    assertThat(OpCase.RELU_C16.bytes(true)).isEqualTo(3 * tensor);
    assertThat(OpCase.AVERAGE_POOL_3X3_C16.bytes(true)).isEqualTo(2 * tensor);
    assertThat(OpCase.MIXED_SUM_C16.bytes(false)).isEqualTo(13 * tensor + 4 * 15);
  }

  @ParameterizedTest
  @EnumSource
  void everyCaseCanBeComputed(OpCase work) {
    assertThat(work.output().rank()).isEqualTo(4);
    assertThat(work.bytes(true)).isGreaterThanOrEqualTo(work.bytes(false));
  }
}
