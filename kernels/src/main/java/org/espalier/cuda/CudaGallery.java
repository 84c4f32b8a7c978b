package org.espalier.cuda;

import org.espalier.backend.Buffer;
import org.espalier.backend.Gallery;

/** Images in device memory; see random.cu. */
final class CudaGallery implements Gallery {
  private static final int BLOCK = 256;

  private final Launch launch;
  private final Kernel kernel;
  private final CudaBuffer images;
  private final CudaBuffer table;
  private final int height;
  private final int width;
  private final int channels;

  CudaGallery(Device device, byte[][] images, int height, int width, float[][] table) {
    launch = device.launch();
    kernel = device.kernel("random", "make_batch");
    this.height = height;
    this.width = width;
    channels = table.length;
    this.images = device.keep(images, height * width * channels);
    float[] values = new float[256 * channels];
    for (int c = 0; c < channels; c++) {
      System.arraycopy(table[c], 0, values, 256 * c, 256);
    }
    this.table = device.allocate(values.length);
    device.write(values, this.table);
  }

  @Override
  public void batch(
      int[] samples,
      int size,
      int pad,
      boolean flip,
      int cutout,
      long seed,
      long stream,
      Buffer out) {
    launch.begin().reads(images).reads(table).writes(out).stepI32s(samples, size);
    launch.stepI64(seed).stepI64(stream).i32(size).i32(height).i32(width).i32(channels);
    launch.i32(pad).bool(flip).i32(cutout);
    launch.run(kernel, (size * height * width + BLOCK - 1) / BLOCK, BLOCK);
  }
}
