package org.espalier.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.espalier.InputException;
import org.junit.jupiter.api.Test;

class DatasetsTest {
  @Test
  void the_sources_are_listed_by_name_usage_and_description() {
    assertThat(Datasets.names()).containsExactly("fashion-mnist", "idx", "cifar10", "images");
    assertThat(Datasets.describe().lines()).hasSize(4);
    assertThat(Datasets.describe()).contains("cifar10:DIR|FILE     CIFAR-10 binary batches");
  }

  @Test
  void an_unknown_source_is_answered_with_the_known_ones() {
    assertThatThrownBy(() -> Datasets.open("minst"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "unknown data 'minst'; known: fashion-mnist[:DIR], idx:DIR, cifar10:DIR|FILE,"
                + " images:DIR[@SIZE]");
    assertThatThrownBy(() -> Datasets.open("imagenet:/data"))
        .hasMessageContaining("'imagenet:/data'");
  }

  @Test
  void a_source_that_needs_a_folder_says_so() {
    assertThatThrownBy(() -> Datasets.open("idx"))
        .isInstanceOf(InputException.class)
        .hasMessage("no folder given; write idx:DIR");
    assertThatThrownBy(() -> Datasets.open("images:"))
        .isInstanceOf(InputException.class)
        .hasMessage("no folder given; write images:DIR[@SIZE]");
    assertThatThrownBy(() -> Datasets.open("cifar10:"))
        .isInstanceOf(InputException.class)
        .hasMessage("no folder or file given; write cifar10:DIR|FILE");
  }

  @Test
  void a_missing_folder_is_named() {
    for (String spec :
        new String[] {
          "fashion-mnist:no/such", "idx:no/such", "cifar10:no/such", "images:no/such"
        }) {
      assertThatThrownBy(() -> Datasets.open(spec))
          .isInstanceOf(InputException.class)
          .hasMessageMatching("no/such: no such folder; .*:DIR.* wants a folder");
    }
  }

  @Test
  void a_path_that_is_none_is_refused() {
    assertThatThrownBy(() -> Datasets.open("idx:a\0b"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("is not a path");
  }

  @Test
  void a_tilde_stands_for_the_home_folder_since_no_shell_expands_it_after_a_colon() {
    assertThat(DataFile.path("~/data")).isEqualTo(Path.of(System.getProperty("user.home"), "data"));
  }

  @Test
  void fashion_mnist_is_embedded() {
    Dataset data = Datasets.open("fashion-mnist");

    assertThat(data)
        .hasToString(
            "fashion-mnist (embedded subset): 10000 training and 2000 test images 28x28x1, 10"
                + " classes");
    // The first labels and the pixel statistics that Fashion-MNIST is known by (0.2860 and 0.3530
    // over all).
    assertThat(Arrays.copyOf(data.train().labels(), 10))
        .containsExactly(9, 0, 0, 3, 0, 2, 7, 2, 5, 5);
    assertThat(Arrays.copyOf(data.test().labels(), 10))
        .containsExactly(9, 2, 1, 1, 6, 1, 4, 6, 5, 7);
    assertThat(data.train().classes()).startsWith("T-shirt/top", "Trouser").endsWith("Ankle boot");
    Normalisation pixels = Normalisation.of(data.train());
    assertThat(pixels.mean()[0]).isCloseTo(0.2860f, within(0.003f));
    assertThat(pixels.std()[0]).isCloseTo(0.3530f, within(0.003f));
  }

  @Test
  void the_embedded_images_are_about_evenly_spread_over_the_classes() {
    Dataset data = Datasets.fashionMnist();

    assertThat(data.train().counts())
        .containsExactly(942, 1027, 1016, 1019, 974, 989, 1021, 1022, 990, 1000);
    assertThat(data.test().counts())
        .containsExactly(200, 203, 214, 190, 219, 195, 197, 200, 194, 188);
  }

  @Test
  void the_licence_of_the_embedded_images_travels_with_them() throws Exception {
    try (InputStream licence =
        Datasets.class.getResourceAsStream(
            "/org/espalier/data/fashion-mnist/FASHION-MNIST-LICENSE.txt")) {
      assertThat(new String(licence.readAllBytes(), StandardCharsets.UTF_8))
          .contains("MIT License", "Zalando SE", "Permission is hereby granted");
    }
  }
}
