package org.espalier.search;

import java.util.IdentityHashMap;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Gallery;
import org.espalier.data.Augment;
import org.espalier.data.Batch;
import org.espalier.data.Images;
import org.espalier.data.Loader;
import org.espalier.op.OneHot;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** A batch on the device: memory that one batch after the other is copied into. */
final class Feed {
  private final Backend backend;
  private final Buffer pixels;
  private final Buffer labels;
  private final int height;
  private final int width;
  private final int channels;

  /** Of each loader that was asked for batches; null where the device makes none. */
  private final IdentityHashMap<Loader, @Nullable Gallery> galleries = new IdentityHashMap<>();

  private Batch current = new Batch(new float[0], new float[0], 0);

  Feed(Backend backend, Images images, int batchSize) {
    this(backend, images.height(), images.width(), images.channels(), batchSize);
  }

  Feed(Backend backend, int height, int width, int channels, int batchSize) {
    this.backend = backend;
    this.height = height;
    this.width = width;
    this.channels = channels;
    pixels = backend.allocate(batchSize * height * width * channels);
    labels = backend.allocate(batchSize);
  }

  /** Copies a batch in; it stays valid until the next. */
  Feed load(Batch batch) {
    current = batch;
    backend.write(batch.pixels(), pixels.slice(0, batch.size() * height * width * channels));
    backend.write(batch.labels(), labels.slice(0, batch.size()));
    return this;
  }

  /** Makes a batch on the device if that has the images, or else copies it in. */
  Feed load(Loader loader, long step) {
    Gallery gallery = galleries.get(loader);
    if (gallery == null && !galleries.containsKey(loader)) {
      gallery = loader.gallery(backend);
      galleries.put(loader, gallery);
    }
    if (gallery == null) {
      return load(loader.batchAt(step));
    }
    Loader.Picks picks = loader.picksAt(step);
    Augment augment = loader.augment();
    current = new Batch(new float[0], picks.labels(), picks.size());
    gallery.batch(
        picks.samples(),
        picks.size(),
        augment.pad(),
        augment.flip(),
        augment.cutout(),
        picks.draws().seed(),
        picks.draws().stream(),
        pixels.slice(0, picks.size() * height * width * channels));
    backend.write(picks.labels(), labels.slice(0, picks.size()));
    return this;
  }

  int size() {
    return current.size();
  }

  /** {@code [N, H, W, C]}. */
  Tensor images() {
    Shape shape = Shape.of(size(), height, width, channels);
    return Tensor.constant(shape, pixels.slice(0, shape.size()));
  }

  /** Class indices, {@code [N]}. */
  Tensor labels() {
    return Tensor.constant(Shape.of(size()), labels.slice(0, size()));
  }

  /** The score of a pass over this batch. */
  Score score(Tensor logits, Tensor loss) {
    int classes = logits.shape().channels();
    float[] values = new float[logits.shape().size()];
    backend.read(logits.data(), values);
    float[] mean = new float[1];
    backend.read(loss.data(), mean);
    int right = 0;
    for (int i = 0; i < size(); i++) {
      if (OneHot.argmax(values, i * classes, classes) == (int) current.labels()[i]) {
        right++;
      }
    }
    return new Score((double) mean[0] * size(), right, size());
  }
}
