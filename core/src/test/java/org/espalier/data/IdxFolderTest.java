package org.espalier.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.espalier.InputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxFolderTest {
  private static final int IMAGES = 0x0803;
  private static final int LABELS = 0x0801;

  @TempDir private Path folder;

  @BeforeEach
  void four_good_files() throws IOException {
    write("train-images-idx3-ubyte", Samples.idx(IMAGES, 5 * 2 * 3, 5, 2, 3));
    write("train-labels-idx1-ubyte", Samples.idx(LABELS, 5, 5));
    write("t10k-images-idx3-ubyte", Samples.idx(IMAGES, 4 * 2 * 3, 4, 2, 3));
    write("t10k-labels-idx1-ubyte", Samples.idx(LABELS, 4, 4));
  }

  @Test
  void sizes_and_classes_come_from_the_files() {
    Dataset data = Datasets.open("idx:" + folder);

    assertThat(data.height()).isEqualTo(2);
    assertThat(data.width()).isEqualTo(3);
    assertThat(data.channels()).isEqualTo(1);
    assertThat(data.train().classes()).containsExactly("0", "1", "2", "3", "4");
    assertThat(data.train().labels()).containsExactly(0, 1, 2, 3, 4);
    assertThat(data.train().pixels()[1]).containsExactly(6, 7, 8, 9, 10, 11);
    assertThat(data.test().size()).isEqualTo(4);
  }

  @Test
  void fashion_mnist_is_read_from_a_folder_with_its_class_names() {
    Dataset data = Datasets.open("fashion-mnist:" + folder);

    assertThat(data.name()).isEqualTo("fashion-mnist");
    assertThat(data.train().classes()).hasSize(10).contains("Ankle boot");
  }

  @Test
  void gzipped_files_and_dotted_names_are_read_too() throws IOException {
    Dataset plain = Datasets.open("idx:" + folder);
    for (String name :
        new String[] {"train-images-idx3", "train-labels-idx1", "t10k-images-idx3"}) {
      byte[] bytes = Files.readAllBytes(folder.resolve(name + "-ubyte"));
      Files.delete(folder.resolve(name + "-ubyte"));
      write(name.replace("-idx", ".idx") + "-ubyte.gz", Samples.gzip(bytes));
    }
    Files.move(folder.resolve("t10k-labels-idx1-ubyte"), folder.resolve("t10k-labels.idx1-ubyte"));

    Dataset packed = Datasets.open("idx:" + folder);

    assertThat(packed.train().pixels()).isDeepEqualTo(plain.train().pixels());
    assertThat(packed.test().labels()).isEqualTo(plain.test().labels());
  }

  @Test
  void a_missing_file_is_named_in_all_its_spellings() throws IOException {
    Files.delete(folder.resolve("t10k-labels-idx1-ubyte"));

    refuses("", ": has no t10k-labels-idx1-ubyte or t10k-labels.idx1-ubyte, nor either with .gz");
  }

  @Test
  void a_truncated_file_is_refused_with_both_lengths() throws IOException {
    write("train-images-idx3-ubyte", Arrays.copyOf(Samples.idx(IMAGES, 30, 5, 2, 3), 40));

    refuses(
        "train-images-idx3-ubyte",
        ": is cut short: 40 bytes, but its header says 5x2x3 images, which is 46 bytes");
  }

  @Test
  void a_file_with_bytes_left_over_is_refused() throws IOException {
    write("t10k-labels-idx1-ubyte", Samples.idx(LABELS, 6, 4));

    refuses(
        "t10k-labels-idx1-ubyte",
        ": has bytes left over: 14 bytes, but its header says 4 labels, which is 12 bytes");
  }

  @Test
  void a_file_shorter_than_its_header_is_refused() throws IOException {
    write("train-images-idx3-ubyte", new byte[9]);

    refuses(
        "train-images-idx3-ubyte", ": has 9 bytes, less than the 16 of an IDX header for images");
  }

  @Test
  void a_wrong_magic_word_is_refused_with_the_right_one() throws IOException {
    write("train-labels-idx1-ubyte", Samples.idx(IMAGES, 5, 5));

    refuses(
        "train-labels-idx1-ubyte",
        ": starts with 0x00000803, an IDX file of labels (unsigned bytes) with 0x00000801");
  }

  @Test
  void damaged_extents_are_refused_before_anything_is_allocated() throws IOException {
    write(
        "train-images-idx3-ubyte",
        Samples.idx(IMAGES, 30, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE));
    refuses("train-images-idx3-ubyte", "its header says 2147483647x2147483647x2147483647 images");

    write("train-images-idx3-ubyte", Samples.idx(IMAGES, 30, 5, -2, 3));
    refuses("train-images-idx3-ubyte", ": extent 1 of its header is -2; each must be at least 1");
  }

  @Test
  void images_and_labels_of_different_number_are_refused() throws IOException {
    write("train-labels-idx1-ubyte", Samples.idx(LABELS, 6, 6));

    refuses(
        "train-images-idx3-ubyte",
        ": holds 5 images, but " + folder.resolve("train-labels-idx1-ubyte") + " holds 6 labels");
  }

  @Test
  void a_label_beyond_the_classes_is_refused() throws IOException {
    byte[] labels = Samples.idx(LABELS, 4, 4);
    labels[10] = (byte) 200;
    write("t10k-labels-idx1-ubyte", labels);

    refuses(
        "t10k-labels-idx1-ubyte", ": label 200 of item 2 is not below 5, the number of classes");
  }

  @Test
  void truncated_gzip_is_refused() throws IOException {
    Files.delete(folder.resolve("train-images-idx3-ubyte"));
    byte[] packed = Samples.gzip(Samples.idx(IMAGES, 30, 5, 2, 3));
    write("train-images-idx3-ubyte.gz", Arrays.copyOf(packed, packed.length - 12));

    refuses(
        "train-images-idx3-ubyte.gz",
        ": gzip data are cut short: " + (packed.length - 12) + " bytes unpack to ");
  }

  @Test
  void damaged_gzip_is_refused() throws IOException {
    Files.delete(folder.resolve("train-images-idx3-ubyte"));
    byte[] packed = Samples.gzip(Samples.idx(IMAGES, 30, 5, 2, 3));
    packed[packed.length - 6] ^= 0x5a; // the checksum
    write("train-images-idx3-ubyte.gz", packed);

    refuses("train-images-idx3-ubyte.gz", ": gzip data are damaged after 46 unpacked bytes: ");
  }

  @Test
  void a_gz_file_that_is_no_gzip_is_refused() throws IOException {
    Files.delete(folder.resolve("train-images-idx3-ubyte"));
    write("train-images-idx3-ubyte.gz", "<html>not found</html>".getBytes(StandardCharsets.UTF_8));

    refuses(
        "train-images-idx3-ubyte.gz",
        ": is not gzip: it starts with bytes 3c 68, gzip starts with 1f 8b");
  }

  @Test
  void a_file_that_cannot_be_read_is_refused() throws IOException {
    Files.delete(folder.resolve("train-images-idx3-ubyte"));
    Files.createDirectory(folder.resolve("train-images-idx3-ubyte"));

    refuses("train-images-idx3-ubyte", ": cannot be read: ");
  }

  @Test
  void test_images_of_another_size_are_refused() throws IOException {
    write("t10k-images-idx3-ubyte", Samples.idx(IMAGES, 4 * 3 * 3, 4, 3, 3));

    assertThatThrownBy(() -> Datasets.open("idx:" + folder))
        .isInstanceOf(InputException.class)
        .hasMessageEndingWith(
            ": training images are 2x3x1, test images 3x3x1; they must be of one size");
  }

  private void write(String name, byte[] bytes) throws IOException {
    Samples.write(folder.resolve(name), bytes);
  }

  private void refuses(String file, String complaint) {
    assertThatThrownBy(() -> Datasets.open("idx:" + folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder.resolve(file).toString() + ": ")
        .hasMessageContaining(complaint)
        .message()
        .hasLineCount(1);
  }
}
