package org.espalier.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureTest {
  @TempDir private Path folder;

  @Test
  void grey_bytes_are_taken_as_they_are_stored() throws IOException {
    var image = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
    for (int v = 0; v < 256; v++) {
      image.getRaster().setSample(v % 16, v / 16, 0, v);
    }
    ImageIO.write(image, "png", folder.resolve("grey.png").toFile());

    Picture read = Picture.read(folder.resolve("grey.png"));

    assertThat(read.isGrey()).isTrue();
    for (int v = 0; v < 256; v++) {
      assertThat(read.grey()[v] & 0xff).isEqualTo(v);
    }
  }

  @Test
  void sixteen_bits_of_grey_give_their_upper_eight() throws IOException {
    var image = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
    image.getRaster().setSample(1, 0, 0, 0x7f80);
    ImageIO.write(image, "png", folder.resolve("grey16.png").toFile());

    assertThat(Picture.read(folder.resolve("grey16.png")).grey()).containsExactly(0, 0x7f);
  }

  @Test
  void transparency_is_dropped() throws IOException {
    var image = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
    image.setRGB(0, 0, 0x40102030);
    ImageIO.write(image, "png", folder.resolve("veil.png").toFile());

    assertThat(Picture.read(folder.resolve("veil.png")).rgb()).containsExactly(0x10, 0x20, 0x30);
  }

  @Test
  void a_square_of_the_wanted_size_stays_as_it_is() {
    Images images = Samples.counting(1, 5, 5, 3, 1);

    assertThat(new Picture("p", 5, 5, images.pixels()[0]).square(5).rgb())
        .isEqualTo(images.pixels()[0]);
  }

  @Test
  void a_wide_picture_is_cropped_to_its_centre() {
    byte[] rgb = new byte[2 * 6 * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i / 3 % 6); // the column
    }

    assertThat(new Picture("p", 2, 6, rgb).square(2).rgb())
        .containsExactly(2, 2, 2, 3, 3, 3, 2, 2, 2, 3, 3, 3);
  }

  @Test
  void shrinking_averages_so_that_a_fine_pattern_turns_grey() {
    byte[] rgb = new byte[64 * 64 * 3];
    for (int i = 0; i < rgb.length; i++) {
      int pixel = i / 3;
      rgb[i] = (byte) ((pixel / 64 + pixel % 64) % 2 == 0 ? 0 : 200); // a chessboard
    }

    for (byte value : new Picture("p", 64, 64, rgb).square(8).rgb()) {
      assertThat(value & 0xff).isBetween(97, 103);
    }
  }

  @Test
  void growing_interpolates() {
    byte[] rgb = {0, 0, 0, 100, 100, 100, 0, 0, 0, 100, 100, 100};

    assertThat(new Picture("p", 2, 2, rgb).square(4).grey()).startsWith(0, 25, 75, 100);
  }
}
