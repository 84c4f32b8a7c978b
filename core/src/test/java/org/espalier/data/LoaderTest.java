package org.espalier.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.espalier.InputException;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;

class LoaderTest {
  private static final Normalisation PLAIN = Normalisation.none(1);
  private static final Augment HEAVY = new Augment(1, true, 2);

  /** Image i shows i + 1 at all its pixels and, there being a class for each, is labelled i. */
  private final Images images = numbered(23);

  @Test
  void an_evaluation_pass_shows_every_image_once_in_order_with_a_last_partial_batch() {
    try (Loader loader = Loader.forEvaluation(images, 5, PLAIN)) {
      assertThat(loader.batchesPerEpoch()).isEqualTo(5);
      for (int pass = 0; pass < 3; pass++) {
        List<Integer> seen = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        for (Batch batch : loader.epoch(pass)) {
          sizes.add(batch.size());
          seen.addAll(samples(batch));
        }
        assertThat(seen).containsExactlyElementsOf(upTo(23));
        assertThat(sizes).containsExactly(5, 5, 5, 5, 3);
      }
    }
  }

  @Test
  void training_batches_are_full_and_each_epoch_has_its_own_order() {
    try (Loader loader = Loader.forTraining(images, 5, Augment.none(), PLAIN, Rng.of(1))) {
      assertThat(loader.batchesPerEpoch()).isEqualTo(4);
      List<List<Integer>> epochs = new ArrayList<>();
      for (int epoch = 0; epoch < 3; epoch++) {
        List<Integer> seen = new ArrayList<>();
        for (Batch batch : loader.epoch(epoch)) {
          assertThat(batch.size()).isEqualTo(5);
          seen.addAll(samples(batch));
        }
        assertThat(seen).hasSize(20).doesNotHaveDuplicates();
        epochs.add(seen);
      }
      assertThat(epochs).doesNotHaveDuplicates();
    }
  }

  @Test
  void labels_go_with_their_images() {
    try (Loader loader = Loader.forTraining(images, 4, Augment.none(), PLAIN, Rng.of(1))) {
      for (int step = 0; step < 20; step++) {
        Batch batch = loader.batchAt(step);
        for (int i = 0; i < batch.size(); i++) {
          assertThat(batch.labels()[i]).isEqualTo(Math.round(batch.pixels()[i * 9] * 255) - 1);
        }
      }
    }
  }

  @Test
  void the_endless_sequence_is_a_function_of_the_step_alone() {
    Map<Long, String> inTurn = new HashMap<>();
    try (Loader loader = loader(7, true)) {
      for (long step = 0; step < 40; step++) {
        inTurn.put(step, contents(loader.batchAt(step)));
      }
    }
    List<Long> anyOrder = new ArrayList<>(inTurn.keySet());
    for (int i = 0; i < 40; i++) {
      anyOrder.add((long) i / 2); // the same step twice, then the next
    }
    Collections.shuffle(anyOrder.subList(0, 40), new Random(3));

    try (Loader prefetching = loader(7, true);
        Loader plain = loader(7, false)) {
      for (long step : anyOrder) {
        assertThat(contents(prefetching.batchAt(step))).isEqualTo(inTurn.get(step));
        assertThat(contents(plain.batchAt(step))).isEqualTo(inTurn.get(step));
      }
    }
  }

  @Test
  void resuming_at_a_step_goes_on_as_if_never_stopped() {
    String expected;
    try (Loader loader = loader(7, true)) {
      for (long step = 0; step < 12; step++) {
        loader.batchAt(step);
      }
      expected = contents(loader.batchAt(12));
    }
    try (Loader resumed = loader(7, true)) {
      assertThat(contents(resumed.batchAt(12))).isEqualTo(expected);
    }
  }

  @Test
  void another_seed_gives_other_batches() {
    try (Loader one = loader(7, true);
        Loader other = loader(8, true)) {
      assertThat(contents(one.batchAt(0))).isNotEqualTo(contents(other.batchAt(0)));
    }
  }

  @Test
  void a_batch_is_left_alone_while_the_next_is_prepared() {
    try (Loader prefetching = loader(7, true);
        Loader plain = loader(7, false)) {
      for (long step = 0; step < 50; step++) {
        Batch batch = prefetching.batchAt(step);
        LockSupport.parkNanos(2_000_000); // time enough for the next one
        assertThat(contents(batch)).isEqualTo(contents(plain.batchAt(step)));
      }
    }
  }

  @Test
  void what_happens_to_an_image_in_an_epoch_does_not_depend_on_its_batch() {
    Map<Integer, String> inFives = views(5, 2);

    assertThat(inFives).hasSize(23);
    assertThat(views(7, 2)).isEqualTo(inFives);
    assertThat(views(5, 3)).isNotEqualTo(inFives);
  }

  @Test
  void two_buffers_serve_all_batches() {
    Set<float[]> arrays = Collections.newSetFromMap(new IdentityHashMap<>());
    try (Loader loader = loader(7, true)) {
      for (long step = 0; step < 50; step++) {
        Batch batch = loader.batchAt(step * step % 31); // in turn and not
        arrays.add(batch.pixels());
        arrays.add(batch.labels());
      }
    }
    assertThat(arrays).hasSize(4);
  }

  @Test
  void augmentation_differs_between_epochs() {
    Images one = images.head(1);
    List<String> views = new ArrayList<>();
    try (Loader loader = new Loader(one, 1, HEAVY, PLAIN, Rng.of(7), true, true)) {
      for (long step = 0; step < 20; step++) {
        views.add(contents(loader.batchAt(step)));
      }
    }
    assertThat(Set.copyOf(views)).hasSizeGreaterThan(5);
  }

  @Test
  void a_batch_larger_than_the_data_holds_all_of_them() {
    try (Loader loader = Loader.forEvaluation(images, 100, PLAIN)) {
      assertThat(samples(loader.batchAt(0))).containsExactlyElementsOf(upTo(23));
    }
  }

  @Test
  void a_full_batch_that_the_data_cannot_fill_is_refused() {
    assertThatThrownBy(() -> Loader.forTraining(images, 24, Augment.none(), PLAIN, Rng.of(1)))
        .isInstanceOf(InputException.class)
        .hasMessage("numbered: batch size 24 is more than the 23 images");
  }

  @Test
  void a_normalisation_of_other_channels_is_refused() {
    assertThatThrownBy(() -> Loader.forEvaluation(images, 5, Normalisation.none(3)))
        .hasMessage("numbered: 1 channels, normalisation of 3");
  }

  @Test
  void a_closed_loader_says_so() {
    Loader loader = loader(7, true);
    loader.batchAt(0);
    loader.close();
    loader.close();

    assertThatThrownBy(() -> loader.batchAt(1)).hasMessage("the loader is closed");
  }

  private Loader loader(long seed, boolean prefetch) {
    return new Loader(images, 5, HEAVY, PLAIN, Rng.of(seed), true, false, prefetch);
  }

  /** How each image looks in an epoch. */
  private Map<Integer, String> views(int batchSize, int epoch) {
    Map<Integer, String> views = new HashMap<>();
    try (Loader loader = new Loader(images, batchSize, HEAVY, PLAIN, Rng.of(7), true, false)) {
      for (Batch batch : loader.epoch(epoch)) {
        for (int i = 0; i < batch.size(); i++) {
          views.put(
              (int) batch.labels()[i],
              Arrays.toString(Arrays.copyOfRange(batch.pixels(), 9 * i, 9 * i + 9)));
        }
      }
    }
    return views;
  }

  private static Images numbered(int n) {
    byte[][] pixels = new byte[n][9];
    int[] labels = new int[n];
    List<String> classes = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      Arrays.fill(pixels[i], (byte) (i + 1));
      labels[i] = i;
      classes.add("class " + i);
    }
    return new Images("numbered", 3, 3, 1, classes, pixels, labels);
  }

  private static List<Integer> samples(Batch batch) {
    List<Integer> samples = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      samples.add((int) batch.labels()[i]);
    }
    return samples;
  }

  private static List<Integer> upTo(int n) {
    return IntStream.range(0, n).boxed().toList();
  }

  private static String contents(Batch batch) {
    return Arrays.toString(Arrays.copyOf(batch.labels(), batch.size()))
        + Arrays.toString(Arrays.copyOf(batch.pixels(), batch.size() * 9));
  }
}
