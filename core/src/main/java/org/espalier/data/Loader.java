package org.espalier.data;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.espalier.InputException;
import org.espalier.backend.Backend;
import org.espalier.backend.Gallery;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;

/**
 * Makes batches: an endless sequence of epochs, each in an order of its own if shuffled. Batch
 * {@code step} is a pure function of the arguments of the constructor and of {@code step}: to
 * resume, go on at the next step.
 *
 * <p>While one batch is used, a thread of the loader prepares the one after it. Two buffers take
 * turns, so a batch is valid until the next one is asked for, and going through the data allocates
 * no arrays but one order an epoch. A loader serves one thread.
 */
public final class Loader implements AutoCloseable {
  private final Images images;
  private final int batchSize;
  private final Augment augment;
  private final float[][] table;
  private final Rng orders;
  private final Rng draws;
  private final boolean shuffle;
  private final int batchesPerEpoch;

  private final float[][] pixels; // two buffers
  private final float[][] labels;
  private int front; // the buffer that was handed out last
  private long orderEpoch = -1;
  private int @Nullable [] order; // of orderEpoch

  private final @Nullable ExecutorService background;
  private @Nullable CompletableFuture<Batch> prepared;
  private long preparedStep;
  private boolean closed;

  /**
   * A loader that prepares the next batch in the background.
   *
   * @param images what to go through
   * @param batchSize images in a batch
   * @param augment what to do to each
   * @param normalisation of as many channels as the images
   * @param rng fixes orders and augmentations
   * @param shuffle whether each epoch has an order of its own; else it is that of the images
   * @param dropLast whether to leave out an epoch's last batch if it is smaller; which images that
   *     hits changes with the order
   * @throws InputException if there is no batch: fewer images than {@code batchSize} with {@code
   *     dropLast}
   * @throws IllegalArgumentException if the batch size is not positive or the channels differ
   */
  public Loader(
      Images images,
      int batchSize,
      Augment augment,
      Normalisation normalisation,
      Rng rng,
      boolean shuffle,
      boolean dropLast) {
    this(images, batchSize, augment, normalisation, rng, shuffle, dropLast, true);
  }

  Loader(
      Images images,
      int batchSize,
      Augment augment,
      Normalisation normalisation,
      Rng rng,
      boolean shuffle,
      boolean dropLast,
      boolean prefetch) {
    if (batchSize < 1) {
      throw new IllegalArgumentException("batch size " + batchSize + "; it must be at least 1");
    }
    if (normalisation.channels() != images.channels()) {
      throw new IllegalArgumentException(
          "%s: %d channels, normalisation of %d"
              .formatted(images.name(), images.channels(), normalisation.channels()));
    }
    int whole = images.size() / batchSize;
    batchesPerEpoch = dropLast ? whole : whole + (images.size() % batchSize > 0 ? 1 : 0);
    if (batchesPerEpoch == 0) {
      throw new InputException(
          "%s: batch size %d is more than the %d images"
              .formatted(images.name(), batchSize, images.size()));
    }
    this.images = images;
    this.batchSize = batchSize;
    this.augment = augment;
    this.shuffle = shuffle;
    table = normalisation.table();
    orders = rng.split(0);
    draws = rng.split(1);
    int capacity = Math.min(batchSize, images.size());
    pixels = new float[2][capacity * images.imageLength()];
    labels = new float[2][capacity];
    background =
        prefetch
            ? Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("loader").factory())
            : null;
  }

  /**
   * An endless shuffled sequence of full batches: for training, and for the architecture's share of
   * the data.
   */
  public static Loader forTraining(
      Images images, int batchSize, Augment augment, Normalisation normalisation, Rng rng) {
    return new Loader(images, batchSize, augment, normalisation, rng, true, true);
  }

  /**
   * Every image once, in order and only normalised; the last batch may be smaller. Go through
   * {@link #epoch}.
   */
  public static Loader forEvaluation(Images images, int batchSize, Normalisation normalisation) {
    return new Loader(images, batchSize, Augment.none(), normalisation, Rng.of(0), false, false);
  }

  /** What this loader goes through. */
  public Images images() {
    return images;
  }

  /** The size of a batch that is full. */
  public int batchSize() {
    return batchSize;
  }

  /** Batches in an epoch: epoch {@code e} is the steps from {@code e * batchesPerEpoch()} on. */
  public int batchesPerEpoch() {
    return batchesPerEpoch;
  }

  /**
   * Batch {@code step} of the endless sequence, counted from 0. Any order of steps will do; the one
   * after the last is ready at once. The batch before is no longer valid.
   *
   * @throws IllegalStateException if the loader is closed
   */
  public Batch batchAt(long step) {
    if (step < 0) {
      throw new IllegalArgumentException("step " + step + "; the first is 0");
    }
    if (closed) {
      throw new IllegalStateException("the loader is closed");
    }
    // Where chance has no part all epochs are one: then a new pass finds its first batch prepared.
    boolean alike = !shuffle && !augment.isRandom();
    long wanted = alike ? step % batchesPerEpoch : step;
    Batch batch = prepared == null ? null : prepared.join();
    if (batch == null || preparedStep != wanted) {
      batch = make(wanted, 1 - front);
    }
    front = 1 - front;
    if (background != null) {
      int back = 1 - front;
      long next = alike ? (wanted + 1) % batchesPerEpoch : wanted + 1;
      preparedStep = next;
      prepared = CompletableFuture.supplyAsync(() -> make(next, back), background);
    }
    return batch;
  }

  /**
   * What a batch consists of, for a device that has the images and makes it itself.
   *
   * @param samples the images, by their index; the first {@code size} count
   * @param labels theirs, {@code [size]}
   * @param draws where the augmentation draws from
   */
  public record Picks(int[] samples, float[] labels, int size, Rng draws) {}

  /**
   * What batch {@code step} consists of: that of {@link #batchAt}, without making it.
   *
   * @throws IllegalStateException if the loader is closed
   */
  public Picks picksAt(long step) {
    if (closed) {
      throw new IllegalStateException("the loader is closed");
    }
    if (prepared != null) {
      prepared.join(); // it may be at the order
    }
    long epoch = step / batchesPerEpoch;
    int start = (int) (step % batchesPerEpoch) * batchSize;
    int size = Math.min(batchSize, images.size() - start);
    int[] indices = order(epoch);
    int[] samples = new int[size];
    float[] theirLabels = new float[size];
    for (int i = 0; i < size; i++) {
      samples[i] = indices == null ? start + i : indices[start + i];
      theirLabels[i] = images.labels()[samples[i]];
    }
    return new Picks(samples, theirLabels, size, draws.split(epoch));
  }

  /** The images on a device that makes batches itself; null where it does not. */
  public @Nullable Gallery gallery(Backend backend) {
    return backend.gallery(images.pixels(), images.height(), images.width(), table);
  }

  /** What is done to each image. */
  public Augment augment() {
    return augment;
  }

  /** The batches of an epoch, one after the other; each is valid until the next is taken. */
  public Iterable<Batch> epoch(long epoch) {
    return () ->
        new Iterator<>() {
          private int taken;

          @Override
          public boolean hasNext() {
            return taken < batchesPerEpoch;
          }

          @Override
          public Batch next() {
            if (!hasNext()) {
              throw new NoSuchElementException();
            }
            return batchAt(epoch * batchesPerEpoch + taken++);
          }
        };
  }

  /** Ends the thread of this loader. */
  @Override
  public void close() {
    closed = true;
    if (background != null) {
      background.close();
    }
  }

  /**
   * Runs on either thread, but never on both at once: whoever asks has waited for what was under
   * way.
   */
  private Batch make(long step, int buffer) {
    long epoch = step / batchesPerEpoch;
    int start = (int) (step % batchesPerEpoch) * batchSize;
    int size = Math.min(batchSize, images.size() - start);
    int[] indices = order(epoch);
    Rng rng = draws.split(epoch);
    for (int i = 0; i < size; i++) {
      int sample = indices == null ? start + i : indices[start + i];
      augment.apply(
          images.pixels()[sample],
          images.height(),
          images.width(),
          table,
          rng,
          sample,
          pixels[buffer],
          i * images.imageLength());
      labels[buffer][i] = images.labels()[sample];
    }
    return new Batch(pixels[buffer], labels[buffer], size);
  }

  /** The order of an epoch; null for that of the images. */
  private int @Nullable [] order(long epoch) {
    if (shuffle && epoch != orderEpoch) {
      order = orders.split(epoch).permutation(images.size());
      orderEpoch = epoch;
    }
    return order;
  }
}
