package org.espalier.proxy;

import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.tensor.Shape;

/**
 * Images and their classes on a device.
 *
 * @param images {@code [N, H, W, C]}
 * @param labels class indices {@code [N]}
 */
public record LabelledBatch(Tensor images, Tensor labels) {
  /** Copies a batch to a device. */
  static LabelledBatch of(Backend backend, Shape shape, float[] pixels, float[] labels) {
    Buffer images = backend.allocate(shape.size());
    Buffer classes = backend.allocate(shape.dim(0));
    backend.write(pixels, images);
    backend.write(labels, classes);
    return new LabelledBatch(
        Tensor.constant(shape, images), Tensor.constant(Shape.of(shape.dim(0)), classes));
  }

  /** Number of images. */
  public int size() {
    return images.shape().dim(0);
  }
}
