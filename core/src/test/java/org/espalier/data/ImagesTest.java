package org.espalier.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.espalier.InputException;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;

class ImagesTest {
  private final Images images = Samples.counting(100, 2, 3, 1, 10);

  @Test
  void a_split_gives_disjoint_parts_that_together_are_all() {
    Images.Split split = images.split(0.3, Rng.of(7));

    assertThat(split.first().size()).isEqualTo(30);
    assertThat(split.second().size()).isEqualTo(70);
    List<byte[]> both = new ArrayList<>(List.of(split.first().pixels()));
    both.addAll(List.of(split.second().pixels()));
    assertThat(both).containsExactlyInAnyOrder(images.pixels());
  }

  @Test
  void a_split_is_fixed_by_its_seed() {
    int[] once = images.split(0.5, Rng.of(7)).first().labels();

    assertThat(images.split(0.5, Rng.of(7)).first().labels()).isEqualTo(once);
    assertThat(images.split(0.5, Rng.of(8)).first().labels()).isNotEqualTo(once);
  }

  @Test
  void a_split_keeps_each_image_with_its_label() {
    for (Images part :
        List.of(images.split(0.5, Rng.of(1)).first(), images.split(0.5, Rng.of(1)).second())) {
      for (int i = 0; i < part.size(); i++) {
        int index = List.of(images.pixels()).indexOf(part.pixels()[i]);
        assertThat(part.labels()[i]).isEqualTo(images.labels()[index]);
      }
    }
  }

  @Test
  void a_split_with_an_empty_part_is_refused() {
    assertThatThrownBy(() -> images.split(0.001, Rng.of(1)))
        .hasMessage("counting: a split of 100 images at 0.001 leaves a part empty");
  }

  @Test
  void a_subset_keeps_the_order_that_is_asked_for() {
    Images part = images.subset(new int[] {42, 7, 7});

    assertThat(part.labels()).containsExactly(2, 7, 7);
    assertThat(part.pixels()[0]).isSameAs(images.pixels()[42]);
  }

  @Test
  void the_head_is_the_first_images_or_all() {
    assertThat(images.head(3).labels()).containsExactly(0, 1, 2);
    assertThat(images.head(1000).size()).isEqualTo(100);
  }

  @Test
  void images_are_counted_by_class() {
    assertThat(images.head(12).counts()).containsExactly(2, 2, 1, 1, 1, 1, 1, 1, 1, 1);
  }

  @Test
  void a_label_without_a_class_is_refused() {
    assertThatThrownBy(
            () -> new Images("x", 1, 1, 1, List.of("a", "b"), new byte[1][1], new int[] {2}))
        .hasMessage("x: image 0 has label 2; there are 2 classes");
  }

  @Test
  void an_image_of_another_size_is_refused() {
    assertThatThrownBy(() -> new Images("x", 2, 2, 3, List.of("a"), new byte[1][4], new int[1]))
        .hasMessage("x: image 0 has 4 bytes, 2x2x3 wants 12");
  }

  @Test
  void a_data_set_takes_parts_of_one_size_only() {
    assertThatThrownBy(() -> new Dataset("mixed", images, Samples.counting(10, 3, 3, 1, 10)))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "mixed: training images are 2x3x1, test images 3x3x1; they must be of one size");
  }

  @Test
  void a_data_set_says_what_it_is_in_one_line() {
    assertThat(new Dataset("small", images, images.head(10)))
        .hasToString("small: 100 training and 10 test images 2x3x1, 10 classes");
  }
}
