package org.espalier.data;

import static java.util.Comparator.comparingInt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.espalier.InputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageFolderTest {
  private static final int RED = 0xc02010;
  private static final int GREY = 0x505050;

  @TempDir private Path folder;

  @BeforeEach
  void two_classes() throws IOException {
    write("train/cat/1.png", encoded(plain(6, 4, RED), "png"));
    write("train/cat/2.bmp", encoded(plain(6, 4, GREY), "bmp"));
    write("train/dog/1.gif", encoded(plain(6, 4, GREY), "gif"));
    write("test/cat/1.jpg", encoded(plain(6, 4, GREY), "jpg"));
    write("test/dog/1.PNG", encoded(plain(6, 4, GREY), "png"));
  }

  @Test
  void classes_and_files_count_in_the_order_of_their_names() {
    Dataset data = Datasets.open("images:" + folder);

    assertThat(data.train().classes()).containsExactly("cat", "dog");
    assertThat(data.train().labels()).containsExactly(0, 0, 1);
    assertThat(data.test().labels()).containsExactly(0, 1);
    assertThat(data.height()).isEqualTo(4);
    assertThat(data.width()).isEqualTo(6);
    assertThat(data.channels()).isEqualTo(3);
    assertThat(data.train().pixels()[0]).startsWith(0xc0, 0x20, 0x10, 0xc0);
  }

  @Test
  void grey_images_have_one_channel() throws IOException {
    Files.delete(folder.resolve("train/cat/1.png"));

    Dataset data = Datasets.open("images:" + folder);

    assertThat(data.channels()).isEqualTo(1);
    assertThat(data.train().pixels()[0]).hasSize(24).containsOnly(0x50);
  }

  @Test
  void files_that_are_no_images_by_name_are_passed_over() throws IOException {
    write("train/cat/notes.txt", "x".getBytes(StandardCharsets.UTF_8));
    write("train/cat/.hidden.png", new byte[0]);
    write("train/notes.txt", new byte[0]);

    assertThat(Datasets.open("images:" + folder).train().size()).isEqualTo(3);
  }

  @Test
  void images_of_different_size_are_refused_with_the_way_out() throws IOException {
    write("train/dog/2.png", encoded(plain(8, 5, RED), "png"));

    refuses(
        "train/dog/2.png: is 5x8, but "
            + folder
            + "/train/cat/1.png is 4x6; images must be of one size, or write"
            + " images:"
            + folder
            + "@32 to scale them to 32x32");
  }

  @Test
  void a_size_scales_the_central_square() throws IOException {
    write("train/dog/2.png", encoded(plain(80, 50, RED), "png"));

    Dataset data = Datasets.open("images:" + folder + "@8");

    assertThat(data.height()).isEqualTo(8);
    assertThat(data.width()).isEqualTo(8);
    assertThat(data.train().pixels()[3]).startsWith(0xc0, 0x20, 0x10).endsWith(0xc0, 0x20, 0x10);
  }

  @Test
  void a_size_of_nothing_is_refused() {
    assertThatThrownBy(() -> Datasets.open("images:" + folder + "@0"))
        .isInstanceOf(InputException.class)
        .hasMessage("images:" + folder + "@0: size 0; it must be at least 1");
  }

  @ParameterizedTest
  @CsvSource({"jpg, 2", "jpg, 60", "png, 40", "png, 60", "gif, 20", "bmp, 3", "bmp, 60"})
  void a_truncated_image_is_refused(String format, int missing) throws IOException {
    byte[] image = encoded(noise(), format);
    write("train/cat/cut." + format, Arrays.copyOf(image, image.length - missing));

    refuses("train/cat/cut." + format + ": " + (image.length - missing) + " bytes that ");
  }

  @ParameterizedTest
  @CsvSource({"jpg, 20", "png, 20", "gif, 8", "bmp, 20"})
  void an_image_cut_within_its_header_is_refused(String format, int kept) throws IOException {
    write("train/cat/cut." + format, Arrays.copyOf(encoded(noise(), format), kept));

    refuses("train/cat/cut." + format + ": " + kept + " bytes that cannot be decoded: ");
  }

  @Test
  void a_file_that_is_no_image_but_is_called_so_is_refused() throws IOException {
    write("train/cat/0.png", "<html>not found</html>".getBytes(StandardCharsets.UTF_8));
    refuses("train/cat/0.png: 22 bytes that are no JPEG, PNG, GIF or BMP image");

    write("train/cat/0.png", new byte[0]);
    refuses("train/cat/0.png: 0 bytes that are no JPEG, PNG, GIF or BMP image");
  }

  @Test
  void a_missing_part_is_named() throws IOException {
    for (String file :
        new String[] {"test/cat/1.jpg", "test/dog/1.PNG", "test/cat", "test/dog", "test"}) {
      Files.delete(folder.resolve(file));
    }

    refuses("test: no such folder; images:DIR[@SIZE] wants train/CLASS/ and test/CLASS/");
  }

  @Test
  void a_part_without_classes_is_refused() throws IOException {
    Path empty = folder.resolve("empty");
    Files.createDirectories(empty.resolve("train"));
    Files.createDirectories(empty.resolve("test"));

    assertThatThrownBy(() -> Datasets.open("images:" + empty))
        .isInstanceOf(InputException.class)
        .hasMessage(empty.resolve("train") + ": has no folders; one for each class is wanted");
  }

  @Test
  void a_class_without_images_is_refused() throws IOException {
    Files.createDirectories(folder.resolve("train/emu"));
    Files.createDirectories(folder.resolve("test/emu"));

    refuses("train/emu: has no images (.jpg, .jpeg, .png, .gif, .bmp)");
  }

  @Test
  void parts_of_different_classes_are_refused_with_the_difference() throws IOException {
    Files.createDirectories(folder.resolve("train/emu"));
    Files.createDirectories(folder.resolve("test/fox"));

    refuses(": classes only in train: [emu], only in test: [fox]; both must hold the same");
  }

  /**
   * Its files are numbered as CIFAR-10 is: sorted by class, numbers 0 to 99 are the first hundred
   * records.
   */
  @Test
  void real_jpegs_show_what_the_lossless_records_show() throws Exception {
    Path jpegs = Samples.shared("cifar10-jpeg.tar.xz");
    Path records = Samples.shared("cifar10_first4000.bin.xz");
    String[] untar = {
      "tar", "-xJf", jpegs.toString(), "-C", folder.toString(), "--wildcards", "*/000??.jpg"
    };
    Samples.unpack(folder.resolve("log"), untar);
    Samples.unpack(folder.resolve("records.bin"), "xz", "-dc", records.toString());

    Images found = Datasets.open("images:" + folder.resolve("cifar10-jpeg")).train();

    Images first = Datasets.open("cifar10:" + folder.resolve("records.bin")).train().head(100);
    Images lossless =
        first.subset(
            IntStream.range(0, 100)
                .boxed()
                .sorted(comparingInt(i -> first.labels()[i]))
                .mapToInt(i -> i)
                .toArray());
    assertThat(found.classes()).isEqualTo(lossless.classes());
    assertThat(found.labels()).isEqualTo(lossless.labels());
    assertThat(rootMeanSquare(found, lossless))
        .isBetween(1.0, 10.0); // of 255: what this JPEG quality loses
  }

  private static double rootMeanSquare(Images one, Images other) {
    double squares = 0;
    for (int i = 0; i < one.size(); i++) {
      for (int k = 0; k < one.imageLength(); k++) {
        double difference = (one.pixels()[i][k] & 0xff) - (other.pixels()[i][k] & 0xff);
        squares += difference * difference;
      }
    }
    return Math.sqrt(squares / one.size() / one.imageLength());
  }

  private void write(String name, byte[] bytes) throws IOException {
    Samples.write(folder.resolve(name), bytes);
  }

  private void refuses(String complaint) {
    assertThatThrownBy(() -> Datasets.open("images:" + folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder.toString())
        .hasMessageContaining(complaint)
        .message()
        .hasLineCount(1);
  }

  private static BufferedImage plain(int width, int height, int rgb) {
    var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int p = 0; p < width * height; p++) {
      image.setRGB(p % width, p / width, rgb);
    }
    return image;
  }

  /** Of the size of the others, and hard to compress, so that the end of the file matters. */
  private static BufferedImage noise() {
    var image = plain(6, 4, 0);
    for (int p = 0; p < 24; p++) {
      image.setRGB(p % 6, p / 6, 0x9e3779b9 * (p + 1));
    }
    return image;
  }

  private static byte[] encoded(BufferedImage image, String format) throws IOException {
    var out = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, format, out)).isTrue();
    return out.toByteArray();
  }
}
