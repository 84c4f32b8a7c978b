package org.espalier.data;

import java.util.List;

/**
 * Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): clothes, 28x28 and grey. A part of it is embedded.
 */
final class FashionMnist {
  static final DataSource SOURCE =
      new DataSource(
          "fashion-mnist",
          "fashion-mnist[:DIR]",
          "clothes, 28x28 grey: the embedded 10,000 training and 2,000 test images, or the four IDX"
              + " files in DIR",
          FashionMnist::open);

  private static final List<String> CLASSES =
      List.of(
          "T-shirt/top",
          "Trouser",
          "Pullover",
          "Dress",
          "Coat",
          "Sandal",
          "Shirt",
          "Sneaker",
          "Bag",
          "Ankle boot");

  private FashionMnist() {}

  private static Dataset open(String argument) {
    return argument.isEmpty()
        ? embedded()
        : IdxFolder.read(
            "fashion-mnist", CLASSES, IdxFolder.in(DataFile.folder(argument, "fashion-mnist:DIR")));
  }

  /** The first 10,000 training and the first 2,000 test images. */
  static Dataset embedded() {
    return IdxFolder.read(
        "fashion-mnist (embedded subset)",
        CLASSES,
        (part, kind) ->
            DataFile.resource(
                "/org/espalier/data/fashion-mnist/" + part + "-" + kind + "-ubyte.gz"));
  }
}
