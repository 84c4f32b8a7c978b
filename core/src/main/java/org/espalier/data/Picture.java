package org.espalier.data;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * A decoded image file: red, green and blue bytes, {@code [height, width, 3]}; transparency is
 * dropped.
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data: never compared
record Picture(String name, int height, int width, byte[] rgb) {
  private static final int RGB = 3;

  /** What the JDK's readers say, as a mere warning, when they fill up what a damaged file lacks. */
  private static final List<String> DAMAGE = List.of("Truncated", "Corrupt", "Out-of-sequence");

  static Picture read(Path path) {
    DataFile file = DataFile.read(path);
    List<String> warnings = new ArrayList<>();
    BufferedImage image;
    try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file.bytes()))) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      image = readers.hasNext() ? decode(readers.next(), in, warnings) : null;
    } catch (IOException | RuntimeException e) { // damaged headers end in all kinds of exceptions
      throw file.bad("%d bytes that cannot be decoded: %s".formatted(file.length(), reason(e)));
    }
    if (image == null) {
      throw file.bad("%d bytes that are no JPEG, PNG, GIF or BMP image".formatted(file.length()));
    }
    for (String warning : warnings) {
      if (DAMAGE.stream().anyMatch(warning::contains)) {
        throw file.bad("%d bytes that are damaged: %s".formatted(file.length(), warning));
      }
    }
    return new Picture(file.name(), image.getHeight(), image.getWidth(), rgb(image));
  }

  private static BufferedImage decode(
      ImageReader reader, MemoryCacheImageInputStream in, List<String> warnings)
      throws IOException {
    try {
      reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
      reader.setInput(in, true, true);
      return reader.read(0);
    } finally {
      reader.dispose();
    }
  }

  private static String reason(Exception e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return cause.getMessage() == null
        ? cause.getClass().getSimpleName()
        : cause.getMessage().strip();
  }

  private static byte[] rgb(BufferedImage image) {
    int width = image.getWidth();
    byte[] rgb = new byte[image.getHeight() * width * RGB];
    // A grey image is read from its raster: getRGB would take it for linear light and brighten it.
    boolean grey =
        image.getRaster().getNumBands() < RGB
            && !(image.getColorModel() instanceof IndexColorModel);
    if (grey) {
      Raster raster = image.getRaster();
      int shift = Math.max(0, raster.getSampleModel().getSampleSize(0) - 8);
      for (int p = 0; p < rgb.length / RGB; p++) {
        Arrays.fill(
            rgb,
            RGB * p,
            RGB * p + RGB,
            (byte) (raster.getSample(p % width, p / width, 0) >> shift));
      }
    } else {
      int[] packed = image.getRGB(0, 0, width, image.getHeight(), null, 0, width);
      for (int p = 0; p < packed.length; p++) {
        rgb[RGB * p] = (byte) (packed[p] >> 16);
        rgb[RGB * p + 1] = (byte) (packed[p] >> 8);
        rgb[RGB * p + 2] = (byte) packed[p];
      }
    }
    return rgb;
  }

  /** Whether red, green and blue are the same at every pixel. */
  boolean isGrey() {
    for (int i = 0; i < rgb.length; i += RGB) {
      if (rgb[i] != rgb[i + 1] || rgb[i] != rgb[i + 2]) {
        return false;
      }
    }
    return true;
  }

  /** The red channel alone: all there is of a grey image. */
  byte[] grey() {
    byte[] grey = new byte[rgb.length / RGB];
    for (int i = 0; i < grey.length; i++) {
      grey[i] = rgb[RGB * i];
    }
    return grey;
  }

  /**
   * The central square, scaled to {@code side x side} by a triangle filter as wide as the scale, so
   * that shrinking does not alias. A square of that size already stays as it is.
   */
  Picture square(int side) {
    int crop = Math.min(height, width);
    int top = (height - crop) / 2;
    int left = (width - crop) / 2;
    float[][] weights = triangles(crop, side);
    float[] rows = new float[side * crop * RGB]; // scaled down the columns only
    for (int y = 0; y < side; y++) {
      for (int from = 0; from < crop; from++) {
        float weight = weights[y][from];
        if (weight != 0) {
          for (int i = 0; i < crop * RGB; i++) {
            rows[y * crop * RGB + i] +=
                weight * (rgb[((top + from) * width + left) * RGB + i] & 0xff);
          }
        }
      }
    }
    byte[] scaled = new byte[side * side * RGB];
    for (int i = 0; i < scaled.length; i++) {
      int y = i / (side * RGB);
      float[] across = weights[i / RGB % side];
      float sum = 0;
      for (int from = 0; from < crop; from++) {
        sum += across[from] * rows[(y * crop + from) * RGB + i % RGB];
      }
      scaled[i] = (byte) Math.round(sum);
    }
    return new Picture(name, side, side, scaled);
  }

  /**
   * For each of {@code to} places the weights, of sum 1, of the {@code from} samples it is made of.
   */
  private static float[][] triangles(int from, int to) {
    double scale = (double) from / to;
    double reach = Math.max(scale, 1);
    float[][] weights = new float[to][from];
    for (int o = 0; o < to; o++) {
      double centre = (o + 0.5) * scale;
      double sum = 0;
      for (int i = 0; i < from; i++) {
        sum += Math.max(0, 1 - Math.abs(i + 0.5 - centre) / reach);
      }
      for (int i = 0; i < from; i++) {
        weights[o][i] = (float) (Math.max(0, 1 - Math.abs(i + 0.5 - centre) / reach) / sum);
      }
    }
    return weights;
  }
}
