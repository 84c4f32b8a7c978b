package org.espalier.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;

class AugmentTest {
  private static final int SIDE = 5;
  private static final float BLACK = -3;
  private static final float ZERO = 0;

  /** One channel; the pixel at row y, column x is {@code 10 y + x + 1}; normalised, black is -3. */
  private final byte[] image = new byte[SIDE * SIDE];

  private final float[][] table = {new float[256]};

  AugmentTest() {
    for (int p = 0; p < image.length; p++) {
      image[p] = (byte) (10 * (p / SIDE) + p % SIDE + 1);
    }
    for (int v = 0; v < 256; v++) {
      table[0][v] = v == 0 ? BLACK : v;
    }
  }

  @Test
  void none_only_normalises() {
    assertThat(apply(Augment.none(), 0)).containsExactly(toFloats(image));
  }

  @Test
  void a_flip_mirrors_about_half_of_the_images_and_leaves_the_rest() {
    float[] mirrored = new float[image.length];
    for (int p = 0; p < image.length; p++) {
      mirrored[p] = image[p / SIDE * SIDE + SIDE - 1 - p % SIDE];
    }
    int flips = 0;
    for (int sample = 0; sample < 1000; sample++) {
      float[] found = apply(new Augment(0, true, 0), sample);
      assertThat(found).isIn(toFloats(image), mirrored);
      flips += Arrays.equals(found, mirrored) ? 1 : 0;
    }
    assertThat(flips).isBetween(450, 550);
  }

  @Test
  void a_crop_shifts_the_image_and_brings_in_black_at_the_edges() {
    Set<Integer> shifts = new HashSet<>();
    for (int sample = 0; sample < 1000; sample++) {
      float[] found = apply(new Augment(2, false, 0), sample);
      int centre = (int) found[12] - 1; // never black: pad 2 leaves the centre inside
      int down = centre / 10 - 2;
      int right = centre % 10 - 2;
      shifts.add(10 * down + right);
      for (int p = 0; p < found.length; p++) {
        int y = p / SIDE + down;
        int x = p % SIDE + right;
        boolean inside = y >= 0 && y < SIDE && x >= 0 && x < SIDE;
        assertThat(found[p]).isEqualTo(inside ? 10 * y + x + 1 : BLACK);
      }
    }
    assertThat(shifts).hasSize(25); // -2 to 2 in both directions, all of them
  }

  @Test
  void a_cutout_zeroes_a_square_that_may_reach_over_the_edge() {
    Set<Integer> sizes = new HashSet<>();
    for (int sample = 0; sample < 1000; sample++) {
      float[] found = apply(Augment.none().withCutout(3), sample);
      int zeros = 0;
      for (int p = 0; p < found.length; p++) {
        assertThat(found[p]).isIn((float) image[p], ZERO);
        zeros += found[p] == 0 ? 1 : 0;
      }
      sizes.add(zeros);
    }
    assertThat(sizes).containsExactlyInAnyOrder(9, 6, 4); // inside, at an edge, at a corner
  }

  @Test
  void channels_stay_together() {
    byte[] twoChannels = {1, 101, 2, 102, 3, 103, 4, 104};
    float[] out = new float[8];
    float[][] tables = {table[0], table[0]};

    for (int sample = 0; sample < 50; sample++) {
      new Augment(1, true, 0).apply(twoChannels, 2, 2, tables, Rng.of(1), sample, out, 0);
      for (int p = 0; p < 8; p += 2) {
        assertThat(out[p + 1]).isEqualTo(out[p] == BLACK ? BLACK : out[p] + 100);
      }
    }
  }

  @Test
  void the_draws_of_a_sample_depend_on_epoch_and_index_alone() {
    Augment augment = new Augment(2, true, 2);
    float[] once = apply(augment, 17);
    apply(augment, 3);

    assertThat(apply(augment, 17)).containsExactly(once);
    Set<String> seen = new HashSet<>();
    for (int sample = 0; sample < 100; sample++) {
      seen.add(Arrays.toString(apply(augment, sample)));
    }
    assertThat(seen).hasSizeGreaterThan(80);
  }

  @Test
  void a_negative_extent_is_refused() {
    assertThatThrownBy(() -> new Augment(-1, true, 0))
        .hasMessage("pad -1, cutout 0: neither may be negative");
  }

  private float[] apply(Augment augment, int sample) {
    float[] out = new float[image.length + 2];
    augment.apply(image, SIDE, SIDE, table, Rng.of(5).split(0), sample, out, 1);
    assertThat(out[0]).as("before").isZero();
    assertThat(out[out.length - 1]).as("after").isZero();
    return Arrays.copyOfRange(out, 1, out.length - 1);
  }

  private static float[] toFloats(byte[] bytes) {
    float[] floats = new float[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      floats[i] = bytes[i];
    }
    return floats;
  }
}
