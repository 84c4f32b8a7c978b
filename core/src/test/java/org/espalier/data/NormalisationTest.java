package org.espalier.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class NormalisationTest {
  @Test
  void mean_and_deviation_are_those_of_each_channel() {
    byte[][] pixels = {{0, 10}, {(byte) 255, 10}};
    Images images = new Images("two", 1, 1, 2, List.of("a"), pixels, new int[2]);

    Normalisation found = Normalisation.of(images);

    assertThat(found.mean()).containsExactly(0.5f, 10 / 255f);
    assertThat(found.std()).containsExactly(0.5f, 1); // a constant channel keeps its scale
  }

  @Test
  void normalised_data_have_mean_0_and_deviation_1() {
    Images images = Datasets.fashionMnist().test();
    double sum = 0;
    double squares = 0;
    try (Loader loader = Loader.forEvaluation(images, 64, Normalisation.of(images))) {
      for (Batch batch : loader.epoch(0)) {
        for (int i = 0; i < batch.size() * images.imageLength(); i++) {
          sum += batch.pixels()[i];
          squares += batch.pixels()[i] * batch.pixels()[i];
        }
      }
    }
    double n = (double) images.size() * images.imageLength();

    assertThat(sum / n).isCloseTo(0, within(1e-4));
    assertThat(squares / n).isCloseTo(1, within(1e-4));
  }

  @Test
  void none_gives_pixels_between_0_and_1() {
    float[] table = Normalisation.none(1).table()[0];

    assertThat(table[0]).isZero();
    assertThat(table[255]).isEqualTo(1);
  }

  @Test
  void two_of_the_same_numbers_are_equal() {
    assertThat(Normalisation.none(3))
        .isEqualTo(Normalisation.none(3))
        .hasSameHashCodeAs(Normalisation.none(3));
    assertThat(Normalisation.none(3)).isNotEqualTo(Normalisation.none(1));
  }

  @Test
  void a_deviation_of_zero_is_refused() {
    assertThatThrownBy(() -> new Normalisation(new float[1], new float[1]))
        .hasMessage("deviation 0.0 is not positive");
  }
}
