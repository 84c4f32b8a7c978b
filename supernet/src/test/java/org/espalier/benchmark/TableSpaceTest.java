package org.espalier.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.espalier.InputException;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TableSpaceTest {
  @ParameterizedTest
  @CsvSource({"NASBENCH201, 15625", "NATS_SIZE, 32768", "NASBENCH_MACRO, 6561"})
  void spacesAreAsLargeAsPublished(TableSpace space, int size) {
    assertThat(space.size()).isEqualTo(size);
  }

  @ParameterizedTest
  @EnumSource
  void everyArchitectureIsReadAsItIsWritten(TableSpace space) {
    IntStream.range(0, space.size())
        .forEach(
            code -> {
              String text = space.format(space.digits(code));
              assertThat(space.code(space.parse(text))).as(text).isEqualTo(code);
            });
  }

  @ParameterizedTest
  @CsvSource({
    "NASBENCH201, '|none~0|', 'has 1 nodes'",
    "NASBENCH201, '', 'nodes'",
    "NATS_SIZE, 8:8:8:8, five of 8",
    "NATS_SIZE, 8:8:8:8:72, five of 8",
    "NATS_SIZE, 8:8:8:8:9, five of 8",
    "NATS_SIZE, 8:8:8:8:0, five of 8",
    "NASBENCH_MACRO, 0000000, eight digits",
    "NASBENCH_MACRO, 00000003, eight digits"
  })
  void whatIsNoArchitectureIsRefused(TableSpace space, String text, String saying) {
    assertThatThrownBy(() -> space.parse(text))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(saying);
  }

  @Test
  void mutantsDifferInOneChoice() {
    Dice dice = new Dice(Rng.of(4));
    for (int i = 0; i < 200; i++) {
      int[] parent = dice.architecture(TableSpace.NATS_SIZE);
      int[] child = dice.mutant(TableSpace.NATS_SIZE, parent);
      assertThat(IntStream.range(0, 5).filter(at -> parent[at] != child[at]).count()).isOne();
      assertThat(IntStream.of(child)).allMatch(choice -> choice >= 0 && choice < 8);
    }
  }
}
