package org.espalier.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.InputException;

/**
 * The IDX format of MNIST and its relatives (LeCun, Cortes and Burges, "The MNIST database"): a
 * big-endian magic word, the extents, then the bytes.
 */
final class IdxFolder {
  static final DataSource SOURCE =
      new DataSource(
          "idx",
          "idx:DIR",
          "four IDX files, {train,t10k}-images-idx3-ubyte and -labels-idx1-ubyte, gzipped or not",
          IdxFolder::open);

  private static final int IMAGES_MAGIC = 0x0803; // unsigned bytes, three extents
  private static final int LABELS_MAGIC = 0x0801; // unsigned bytes, one extent

  /**
   * Finds the file of a part ({@code train}, {@code t10k}) and kind ({@code images-idx3}, {@code
   * labels-idx1}).
   */
  interface Finder {
    DataFile find(String part, String kind);
  }

  private IdxFolder() {}

  private static Dataset open(String argument) {
    Path folder = DataFile.folder(argument, SOURCE.usage());
    Finder files = in(folder);
    int[] labels = labels(files.find("train", "labels-idx1"));
    int classes = Arrays.stream(labels).max().orElse(0) + 1;
    return read(
        "idx " + DataFile.lastName(folder),
        IntStream.range(0, classes).mapToObj(String::valueOf).toList(),
        files);
  }

  /**
   * The files of a folder, in either spelling of MNIST's file names, with or without {@code .gz}.
   */
  static Finder in(Path folder) {
    return (part, kind) -> {
      String usual = part + "-" + kind + "-ubyte";
      String dotted = part + "-" + kind.replace("-idx", ".idx") + "-ubyte";
      for (String name : List.of(usual, usual + ".gz", dotted, dotted + ".gz")) {
        if (Files.exists(folder.resolve(name))) {
          return DataFile.read(folder.resolve(name));
        }
      }
      throw new InputException(
          "%s: has no %s or %s, nor either with .gz".formatted(folder, usual, dotted));
    };
  }

  /** Reads the four files of a data set. */
  static Dataset read(String name, List<String> classes, Finder files) {
    return new Dataset(
        name, images(name, "train", classes, files), images(name, "t10k", classes, files));
  }

  private static Images images(String name, String part, List<String> classes, Finder files) {
    DataFile labelFile = files.find(part, "labels-idx1");
    int[] labels = labels(labelFile);
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] >= classes.size()) {
        throw labelFile.bad(
            "label %d of item %d is not below %d, the number of classes"
                .formatted(labels[i], i, classes.size()));
      }
    }
    DataFile file = files.find(part, "images-idx3");
    check(file, IMAGES_MAGIC, "images", 3);
    int count = file.word(4);
    int height = file.word(8);
    int width = file.word(12);
    if (count != labels.length) {
      throw file.bad(
          "holds %d images, but %s holds %d labels"
              .formatted(count, labelFile.name(), labels.length));
    }
    byte[][] pixels = new byte[count][];
    int at = 16;
    for (int i = 0; i < count; i++, at += height * width) {
      pixels[i] = Arrays.copyOfRange(file.bytes(), at, at + height * width);
    }
    return new Images(name + " " + part, height, width, 1, classes, pixels, labels);
  }

  private static int[] labels(DataFile file) {
    check(file, LABELS_MAGIC, "labels", 1);
    int[] labels = new int[file.word(4)];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = file.unsignedByte(8 + i);
    }
    return labels;
  }

  /** Checks magic word, extents and length, so that whoever reads on need not look. */
  private static void check(DataFile file, int magic, String what, int extents) {
    int header = 4 + 4 * extents;
    if (file.length() < header) {
      throw file.bad(
          "has %d bytes, less than the %d of an IDX header for %s"
              .formatted(file.length(), header, what));
    }
    if (file.word(0) != magic) {
      throw file.bad(
          "starts with 0x%08x, an IDX file of %s (unsigned bytes) with 0x%08x"
              .formatted(file.word(0), what, magic));
    }
    double items = 1; // a double: damaged extents overflow a long
    StringBuilder shape = new StringBuilder();
    for (int i = 0; i < extents; i++) {
      int extent = file.word(4 + 4 * i);
      if (extent < 1) {
        throw file.bad(
            "extent %d of its header is %d; each must be at least 1".formatted(i, extent));
      }
      shape.append(i == 0 ? "" : "x").append(extent);
      items *= extent;
    }
    double wanted = header + items;
    if (file.length() != wanted) {
      throw file.bad(
          "%s: %d bytes, but its header says %s %s, which is %.0f bytes"
              .formatted(
                  file.length() < wanted ? "is cut short" : "has bytes left over",
                  file.length(),
                  shape,
                  what,
                  wanted));
    }
  }
}
