package org.espalier.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Assumptions;

/** Small made-up data, and the way to the real data that lie beside the project. */
final class Samples {
  private Samples() {}

  /** {@code n} images whose bytes count on from image to image; label i is {@code i % classes}. */
  static Images counting(int n, int height, int width, int channels, int classes) {
    int length = height * width * channels;
    byte[][] pixels = new byte[n][length];
    for (int i = 0; i < n * length; i++) {
      pixels[i / length][i % length] = (byte) i;
    }
    return new Images(
        "counting",
        height,
        width,
        channels,
        IntStream.range(0, classes).mapToObj(c -> "class " + c).toList(),
        pixels,
        IntStream.range(0, n).map(i -> i % classes).toArray());
  }

  /** An IDX file: magic word, extents, and as many counting bytes as {@code bytes} says. */
  static byte[] idx(int magic, int bytes, int... extents) {
    ByteBuffer file = ByteBuffer.allocate(4 + 4 * extents.length + bytes).putInt(magic);
    for (int extent : extents) {
      file.putInt(extent);
    }
    for (int i = 0; i < bytes; i++) {
      file.put((byte) i);
    }
    return file.array();
  }

  static byte[] gzip(byte[] bytes) {
    var packed = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(packed)) {
      out.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

  static Path write(Path file, byte[] bytes) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.write(file, bytes);
  }

  /** A file of {@code shared/data} beside the project; the test is skipped where it is absent. */
  static Path shared(String name) {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      Path file = at.resolve("shared/data").resolve(name);
      if (Files.exists(file)) {
        return file;
      }
    }
    return Assumptions.abort("no shared/data/" + name + " beside the project");
  }

  /** Runs an unpacker; the test is skipped where the machine has none. */
  static void unpack(Path output, String... command) throws IOException, InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(List.of(command))
              .redirectOutput(output.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      Assumptions.abort("cannot run " + command[0] + ": " + e.getMessage());
      return;
    }
    Assumptions.assumeTrue(process.waitFor() == 0, String.join(" ", command) + " failed");
  }
}
