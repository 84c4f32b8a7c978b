package org.espalier.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.espalier.InputException;

/**
 * A folder of classes: {@code train/CLASS/*} and {@code test/CLASS/*}, images in any format the JDK
 * reads. Classes and files count in the order of their names. The images have one channel if all
 * are grey (red = green = blue at every pixel), else three; they must be of one size, or
 * {@code @SIZE} crops each to its central square and scales that.
 */
final class ImageFolder {
  static final DataSource SOURCE =
      new DataSource(
          "images",
          "images:DIR[@SIZE]",
          "DIR/train/CLASS/*.{jpg,jpeg,png,gif,bmp} and DIR/test/CLASS/*; @32 makes all 32x32, else"
              + " all must be of one size",
          ImageFolder::open);

  private static final List<String> ENDINGS = List.of(".jpg", ".jpeg", ".png", ".gif", ".bmp");

  private record Labelled(Path file, int label) {}

  private ImageFolder() {}

  private static Dataset open(String argument) {
    int at = argument.lastIndexOf('@');
    boolean sized =
        at >= 0
            && argument.substring(at + 1).matches("\\d{1,4}")
            && !Files.isDirectory(DataFile.path(argument)); // a folder may be called so itself
    int side = sized ? Integer.parseInt(argument.substring(at + 1)) : 0;
    if (sized && side < 1) {
      throw new InputException("images:%s: size 0; it must be at least 1".formatted(argument));
    }
    Path folder = DataFile.folder(sized ? argument.substring(0, at) : argument, SOURCE.usage());
    List<String> classes = classes(folder);
    List<Labelled> train = files(folder.resolve("train"), classes);
    List<Labelled> test = files(folder.resolve("test"), classes);
    Picture first = read(train.getFirst().file(), side);
    Picture[] pictures =
        Stream.concat(train.stream(), test.stream())
            .parallel() // decoding takes a second for every few thousand
            .map(item -> requireSizeOf(first, read(item.file(), side), folder))
            .toArray(Picture[]::new);
    boolean grey = Arrays.stream(pictures).parallel().allMatch(Picture::isGrey);
    String name = "images " + DataFile.lastName(folder);
    return new Dataset(
        name,
        images(name + " train", classes, train, Arrays.copyOf(pictures, train.size()), grey),
        images(
            name + " test",
            classes,
            test,
            Arrays.copyOfRange(pictures, train.size(), pictures.length),
            grey));
  }

  private static Picture read(Path file, int side) {
    Picture picture = Picture.read(file);
    return side == 0 ? picture : picture.square(side);
  }

  private static Images images(
      String name, List<String> classes, List<Labelled> items, Picture[] pictures, boolean grey) {
    return new Images(
        name,
        pictures[0].height(),
        pictures[0].width(),
        grey ? 1 : 3,
        classes,
        Arrays.stream(pictures).map(p -> grey ? p.grey() : p.rgb()).toArray(byte[][]::new),
        items.stream().mapToInt(Labelled::label).toArray());
  }

  private static Picture requireSizeOf(Picture first, Picture p, Path folder) {
    if (p.height() != first.height() || p.width() != first.width()) {
      throw new InputException(
          "%s: is %dx%d, but %s is %dx%d; images must be of one size, or write images:%s@32 to scale them to 32x32"
              .formatted(
                  p.name(),
                  p.height(),
                  p.width(),
                  first.name(),
                  first.height(),
                  first.width(),
                  folder));
    }
    return p;
  }

  /** The names of the class folders, which must be the same in both parts. */
  private static List<String> classes(Path folder) {
    List<String> train = list(folder.resolve("train"), Files::isDirectory);
    List<String> test = list(folder.resolve("test"), Files::isDirectory);
    if (train.isEmpty()) {
      throw new InputException(
          folder.resolve("train") + ": has no folders; one for each class is wanted");
    }
    if (!train.equals(test)) {
      throw new InputException(
          "%s: classes only in train: %s, only in test: %s; both must hold the same"
              .formatted(folder, without(train, test), without(test, train)));
    }
    return train;
  }

  private static List<String> without(List<String> some, List<String> others) {
    return some.stream().filter(name -> !others.contains(name)).toList();
  }

  private static List<Labelled> files(Path part, List<String> classes) {
    List<Labelled> items = new ArrayList<>();
    for (int label = 0; label < classes.size(); label++) {
      Path folder = part.resolve(classes.get(label));
      List<String> names = list(folder, ImageFolder::isImage);
      if (names.isEmpty()) {
        throw new InputException(
            "%s: has no images (%s)".formatted(folder, String.join(", ", ENDINGS)));
      }
      for (String name : names) {
        items.add(new Labelled(folder.resolve(name), label));
      }
    }
    return items;
  }

  private static boolean isImage(Path file) {
    String name = DataFile.lastName(file).toLowerCase(Locale.ROOT);
    return ENDINGS.stream().anyMatch(name::endsWith);
  }

  /** Names in a folder in their order, without hidden ones. */
  private static List<String> list(Path folder, Predicate<Path> wanted) {
    if (!Files.isDirectory(folder)) {
      throw new InputException(
          "%s: no such folder; %s wants train/CLASS/ and test/CLASS/"
              .formatted(folder, SOURCE.usage()));
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(wanted)
          .map(DataFile::lastName)
          .filter(name -> !name.startsWith("."))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new InputException(folder + ": cannot be listed: " + InputException.reason(e), e);
    }
  }
}
