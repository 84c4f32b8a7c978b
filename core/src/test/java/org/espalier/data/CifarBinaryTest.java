package org.espalier.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.espalier.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarBinaryTest {
  private static final int PLANE = 32 * 32;
  private static final int RECORD = 1 + 3 * PLANE;

  @TempDir private Path folder;

  @Test
  void planes_become_interleaved_pixels() throws IOException {
    Path file = Samples.write(folder.resolve("some.bin"), records(20));

    Dataset data = Datasets.open("cifar10:" + file);

    assertThat(data.train().labels()).startsWith(0, 1, 2);
    // Record 5: red is 5, green is 6, blue is the column.
    assertThat(Arrays.copyOf(data.train().pixels()[5], 9))
        .containsExactly(5, 6, 0, 5, 6, 1, 5, 6, 2);
    assertThat(data.train().pixels()[5]).endsWith(5, 6, 31);
  }

  @Test
  void the_last_tenth_of_a_single_file_is_the_test_part() throws IOException {
    Path file = Samples.write(folder.resolve("some.bin"), records(25));

    Dataset data = Datasets.open("cifar10:" + file);

    assertThat(data.name()).isEqualTo("cifar10 (some.bin, its last 2 images as test)");
    assertThat(data.train().size()).isEqualTo(23);
    assertThat(data.test().labels()).containsExactly(3, 4);
  }

  @Test
  void a_folder_gives_its_batches_in_order_and_its_test_batch() throws IOException {
    Samples.write(
        folder.resolve("data_batch_2.bin"), Arrays.copyOfRange(records(9), 4 * RECORD, 9 * RECORD));
    Samples.write(folder.resolve("data_batch_1.bin"), records(4));
    Samples.write(folder.resolve("test_batch.bin"), records(3));

    Dataset data = Datasets.open("cifar10:" + folder);

    assertThat(data).hasToString("cifar10: 9 training and 3 test images 32x32x3, 10 classes");
    assertThat(data.train().labels()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8);
  }

  @Test
  void a_folder_without_batches_is_refused() throws IOException {
    assertThatThrownBy(() -> Datasets.open("cifar10:" + folder))
        .isInstanceOf(InputException.class)
        .hasMessage(
            folder
                + ": has no data_batch_*.bin; CIFAR-10 wants data_batch_*.bin and test_batch.bin,"
                + " or one FILE");

    Samples.write(folder.resolve("data_batch_1.bin"), records(4));
    assertThatThrownBy(() -> Datasets.open("cifar10:" + folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(": has no test_batch.bin;");
  }

  @Test
  void a_truncated_file_is_refused_with_the_record_it_breaks_off_in() throws IOException {
    Path file =
        Samples.write(folder.resolve("cut.bin"), Arrays.copyOf(records(5), 4 * RECORD + 100));

    assertThatThrownBy(() -> Datasets.open("cifar10:" + file))
        .isInstanceOf(InputException.class)
        .hasMessage(
            file
                + ": 12392 bytes, not a multiple of 3073 (a label and 32x32x3 pixels): whole"
                + " records end after 4");
  }

  @Test
  void an_empty_file_is_refused() throws IOException {
    Path file = Samples.write(folder.resolve("empty.bin"), new byte[0]);

    assertThatThrownBy(() -> Datasets.open("cifar10:" + file))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("empty.bin: 0 bytes, not a multiple of 3073");
  }

  @Test
  void a_single_record_cannot_both_train_and_test() throws IOException {
    Path file = Samples.write(folder.resolve("one.bin"), records(1));

    assertThatThrownBy(() -> Datasets.open("cifar10:" + file))
        .isInstanceOf(InputException.class)
        .hasMessage(file + ": holds 1 record; at least 2 are needed, to train and to test");
  }

  @Test
  void a_label_beyond_nine_is_refused() throws IOException {
    byte[] records = records(5);
    records[3 * RECORD] = 12;
    Path file = Samples.write(folder.resolve("labels.bin"), records);

    assertThatThrownBy(() -> Datasets.open("cifar10:" + file))
        .isInstanceOf(InputException.class)
        .hasMessage(file + ": record 3 has label 12, CIFAR-10 labels are 0 to 9");
  }

  @Test
  void a_file_still_packed_with_xz_is_answered_with_how_to_unpack_it() throws IOException {
    Path file =
        Samples.write(
            folder.resolve("some.bin.xz"), new byte[] {(byte) 0xfd, '7', 'z', 'X', 'Z', 0, 0});

    assertThatThrownBy(() -> Datasets.open("cifar10:" + file))
        .isInstanceOf(InputException.class)
        .hasMessage(file + ": is packed with xz; unpack it first: unxz -k FILE");
  }

  @Test
  void real_images_come_out_as_they_are_known() throws Exception {
    Path packed = Samples.shared("cifar10_first4000.bin.xz");
    Path file = folder.resolve("first4000.bin");
    Samples.unpack(file, "xz", "-dc", packed.toString());

    Dataset data = Datasets.open("cifar10:" + file);

    assertThat(data.train().size()).isEqualTo(3600);
    assertThat(data.test().size()).isEqualTo(400);
    assertThat(Arrays.copyOf(data.train().labels(), 5))
        .containsExactly(6, 9, 9, 4, 1); // a frog, two trucks ...
    assertThat(Arrays.copyOf(data.train().pixels()[0], 3)).containsExactly(59, 62, 63);
    Normalisation pixels = Normalisation.of(data.train());
    assertThat(pixels.mean())
        .containsExactly(new float[] {0.4914f, 0.4822f, 0.4465f}, within(0.01f));
    assertThat(pixels.std())
        .containsExactly(new float[] {0.2470f, 0.2435f, 0.2616f}, within(0.01f));
  }

  /** Record i has label {@code i % 10}, red i, green i + 1, and as blue the column. */
  private static byte[] records(int n) {
    byte[] bytes = new byte[n * RECORD];
    for (int i = 0; i < n; i++) {
      int at = i * RECORD;
      bytes[at] = (byte) (i % 10);
      Arrays.fill(bytes, at + 1, at + 1 + PLANE, (byte) i);
      Arrays.fill(bytes, at + 1 + PLANE, at + 1 + 2 * PLANE, (byte) (i + 1));
      for (int p = 0; p < PLANE; p++) {
        bytes[at + 1 + 2 * PLANE + p] = (byte) (p % 32);
      }
    }
    return bytes;
  }
}
