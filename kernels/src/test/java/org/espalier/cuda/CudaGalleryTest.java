package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.espalier.backend.Buffer;
import org.espalier.backend.Gallery;
import org.espalier.data.Augment;
import org.espalier.data.Batch;
import org.espalier.data.Images;
import org.espalier.data.Loader;
import org.espalier.data.Normalisation;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Batches that the device makes of its bytes are those that the host's loader makes, bit for bit.
 */
@ExtendWith(OnCuda.class)
class CudaGalleryTest {
  private static final int SIZE = 23;
  private static final int BATCH = 8;

  static Stream<Augment> augmentations() {
    return Stream.of(
        Augment.none(),
        Augment.standard(),
        Augment.standard().withCutout(5),
        new Augment(0, true, 0),
        new Augment(2, false, 3));
  }

  @ParameterizedTest
  @MethodSource("augmentations")
  void ofTheSameBits(Augment augment, CudaBackend cuda) {
    Images images = images(3);
    Normalisation normalisation = Normalisation.of(images);
    try (Loader loader =
        new Loader(images, BATCH, augment, normalisation, Rng.of(4), true, false)) {
      Gallery gallery = Objects.requireNonNull(loader.gallery(cuda));
      for (long step = 0; step < 2L * loader.batchesPerEpoch(); step++) {
        Batch wanted = loader.batchAt(step);
        Loader.Picks picks = loader.picksAt(step);
        assertThat(picks.size()).isEqualTo(wanted.size());
        int floats = wanted.size() * images.imageLength();
        Buffer out = cuda.allocateScratch(floats);
        gallery.batch(
            picks.samples(),
            picks.size(),
            augment.pad(),
            augment.flip(),
            augment.cutout(),
            picks.draws().seed(),
            picks.draws().stream(),
            out);
        float[] got = new float[floats];
        cuda.read(out, got);
        for (int i = 0; i < floats; i++) {
          assertThat(got[i]).as("step %d, float %d", step, i).isEqualTo(wanted.pixels()[i]);
        }
        for (int i = 0; i < wanted.size(); i++) {
          assertThat(picks.labels()[i]).isEqualTo(wanted.labels()[i]);
        }
      }
    }
  }

  private static Images images(int channels) {
    Random random = new Random(1);
    byte[][] pixels = new byte[SIZE][9 * 7 * channels];
    int[] labels = new int[SIZE];
    for (int i = 0; i < SIZE; i++) {
      random.nextBytes(pixels[i]);
      labels[i] = random.nextInt(2);
    }
    return new Images("noise", 9, 7, channels, List.of("a", "b"), pixels, labels);
  }
}
