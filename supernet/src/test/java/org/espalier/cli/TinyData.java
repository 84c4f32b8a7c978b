package org.espalier.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * A data set in the IDX format that a network learns in a moment: a bright quadrant tells the
 * class.
 */
final class TinyData {
  static final int TRAIN = 128;
  static final int TEST = 16;
  private static final int SIDE = 8;
  private static final int CLASSES = 4;

  private TinyData() {}

  /** Writes the four files into a folder; returns what {@code --data} takes. */
  static String write(Path folder) {
    try {
      Files.createDirectories(folder);
      part(folder, "train", TRAIN, 1);
      part(folder, "t10k", TEST, 2);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return "idx:" + folder;
  }

  private static void part(Path folder, String part, int size, int seed) throws IOException {
    Random random = new Random(seed);
    ByteBuffer images = ByteBuffer.allocate(16 + size * SIDE * SIDE);
    images.putInt(0x0803).putInt(size).putInt(SIDE).putInt(SIDE);
    ByteBuffer labels = ByteBuffer.allocate(8 + size).putInt(0x0801).putInt(size);
    for (int i = 0; i < size; i++) {
      int label = i % CLASSES;
      labels.put((byte) label);
      for (int p = 0; p < SIDE * SIDE; p++) {
        int quadrant = p / SIDE / (SIDE / 2) * 2 + p % SIDE / (SIDE / 2);
        images.put((byte) (random.nextInt(80) + (quadrant == label ? 120 : 0)));
      }
    }
    Files.write(folder.resolve(part + "-images-idx3-ubyte"), images.array());
    Files.write(folder.resolve(part + "-labels-idx1-ubyte"), labels.array());
  }
}
