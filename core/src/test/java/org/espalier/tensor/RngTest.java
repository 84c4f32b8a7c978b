package org.espalier.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RngTest {
  /**
   * The known answers that the authors of Philox publish with their Random123 library
   * (philox4x32-10).
   */
  @Test
  void givesThePublishedKnownAnswers() {
    assertThat(Rng.philox(0, 0, 0, 0, 0))
        .containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    assertThat(Rng.philox(-1, -1, -1, -1, -1))
        .containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    assertThat(Rng.philox(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0x299f31d0_a4093822L))
        .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
  }

  @Test
  void drawsHaveTheMomentsOfTheirDistributions() {
    Rng rng = new Rng(11, 3);
    int n = 200_000;
    double uniform = 0;
    double normal = 0;
    double squares = 0;
    double gumbel = 0;
    for (int i = 0; i < n; i++) {
      uniform += rng.uniform(i);
      float z = rng.normal(i);
      normal += z;
      squares += z * z;
      gumbel += rng.gumbel(i);
    }
    assertThat(uniform / n).isBetween(0.497, 0.503);
    assertThat(normal / n).isBetween(-0.01, 0.01);
    assertThat(squares / n).isBetween(0.985, 1.015);
    assertThat(gumbel / n).isBetween(0.5772 - 0.015, 0.5772 + 0.015);
  }

  @Test
  void splitStreamsDiffer() {
    Rng rng = Rng.of(5);
    assertThat(rng.split(1).bits(0)).isNotEqualTo(rng.split(2).bits(0)).isNotEqualTo(rng.bits(0));
    assertThat(rng.split("a")).isNotEqualTo(rng.split("b")).isEqualTo(Rng.of(5).split("a"));
  }

  @Test
  void aPermutationHoldsEveryIndexOnce() {
    assertThat(Rng.of(9).permutation(1000))
        .hasSize(1000)
        .doesNotHaveDuplicates()
        .isNotEqualTo(new int[1000]);
  }
}
