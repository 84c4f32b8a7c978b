package org.espalier.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.InputException;

/**
 * CIFAR-10 (Krizhevsky 2009) in its binary version: records of a label byte and 3,072 pixel bytes,
 * the red, green and blue planes of 32x32 one after the other.
 */
final class CifarBinary {
  static final DataSource SOURCE =
      new DataSource(
          "cifar10",
          "cifar10:DIR|FILE",
          "CIFAR-10 binary batches: DIR with data_batch_*.bin and test_batch.bin, or one FILE,"
              + " whose last tenth is the test part",
          CifarBinary::open);

  private static final List<String> CLASSES =
      List.of(
          "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

  private static final int SIDE = 32;
  private static final int CHANNELS = 3;
  private static final int RECORD = 1 + CHANNELS * SIDE * SIDE;

  private CifarBinary() {}

  private static Dataset open(String argument) {
    if (argument.isEmpty()) {
      throw new InputException("no folder or file given; write " + SOURCE.usage());
    }
    Path path = DataFile.path(argument);
    return Files.isRegularFile(path)
        ? fromFile(path)
        : fromFolder(DataFile.folder(argument, SOURCE.usage()));
  }

  private static Dataset fromFolder(Path folder) {
    List<Path> batches = batches(folder);
    Path test = folder.resolve("test_batch.bin");
    if (batches.isEmpty() || !Files.exists(test)) {
      throw new InputException(
          "%s: has no %s; CIFAR-10 wants data_batch_*.bin and test_batch.bin, or one FILE"
              .formatted(folder, batches.isEmpty() ? "data_batch_*.bin" : "test_batch.bin"));
    }
    return new Dataset(
        "cifar10", images("cifar10 train", batches), images("cifar10 test", List.of(test)));
  }

  /** The last tenth of the records, at least one, is the test part: the same for every seed. */
  private static Dataset fromFile(Path file) {
    Images all = images("cifar10 " + DataFile.lastName(file), List.of(file));
    if (all.size() < 2) {
      throw new InputException(
          file + ": holds 1 record; at least 2 are needed, to train and to test");
    }
    int test = Math.max(1, all.size() / 10);
    int train = all.size() - test;
    int[] last = IntStream.range(train, all.size()).toArray();
    return new Dataset(
        "cifar10 (%s, its last %d images as test)".formatted(DataFile.lastName(file), test),
        all.head(train),
        all.subset(last));
  }

  private static List<Path> batches(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(f -> DataFile.lastName(f).matches("data_batch_.*\\.bin"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new InputException(folder + ": cannot be listed: " + InputException.reason(e), e);
    }
  }

  private static Images images(String name, List<Path> files) {
    List<byte[]> pixels = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    for (Path path : files) {
      DataFile file = DataFile.read(path);
      if (file.length() == 0 || file.length() % RECORD != 0) {
        throw file.bad(
            "%d bytes, not a multiple of %d (a label and 32x32x3 pixels): whole records end after %d"
                .formatted(file.length(), RECORD, file.length() / RECORD));
      }
      for (int at = 0; at < file.length(); at += RECORD) {
        if (file.unsignedByte(at) >= CLASSES.size()) {
          throw file.bad(
              "record %d has label %d, CIFAR-10 labels are 0 to 9"
                  .formatted(at / RECORD, file.unsignedByte(at)));
        }
        labels.add(file.unsignedByte(at));
        pixels.add(interleaved(file.bytes(), at + 1));
      }
    }
    return new Images(
        name,
        SIDE,
        SIDE,
        CHANNELS,
        CLASSES,
        pixels.toArray(byte[][]::new),
        labels.stream().mapToInt(Integer::intValue).toArray());
  }

  /** Three planes to {@code [H, W, C]}. */
  private static byte[] interleaved(byte[] planar, int from) {
    byte[] image = new byte[CHANNELS * SIDE * SIDE];
    for (int p = 0; p < SIDE * SIDE; p++) {
      for (int c = 0; c < CHANNELS; c++) {
        image[p * CHANNELS + c] = planar[from + c * SIDE * SIDE + p];
      }
    }
    return image;
  }
}
