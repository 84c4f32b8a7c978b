package org.espalier.data;

import java.util.List;
import java.util.stream.Collectors;
import org.espalier.InputException;

/** The data sources there are, by name. */
public final class Datasets {
  private static final List<DataSource> SOURCES =
      List.of(FashionMnist.SOURCE, IdxFolder.SOURCE, CifarBinary.SOURCE, ImageFolder.SOURCE);

  private Datasets() {}

  /**
   * Reads the data that a specification names: {@code fashion-mnist}, {@code idx:DIR} and so on,
   * see {@link #sources}.
   *
   * @throws InputException if the specification is unknown, or the data are missing or malformed
   */
  public static Dataset open(String spec) {
    int colon = spec.indexOf(':');
    String name = colon < 0 ? spec : spec.substring(0, colon);
    for (DataSource source : SOURCES) {
      if (source.name().equals(name)) {
        return source.open().apply(colon < 0 ? "" : spec.substring(colon + 1));
      }
    }
    throw new InputException("unknown data '%s'; known: %s".formatted(spec, usages()));
  }

  /**
   * The embedded part of Fashion-MNIST: 10,000 training and 2,000 test images, 28x28x1, 10 classes.
   */
  public static Dataset fashionMnist() {
    return FashionMnist.embedded();
  }

  /** Every source, in the order to show them in. */
  public static List<DataSource> sources() {
    return SOURCES;
  }

  /** The names of the sources. */
  public static List<String> names() {
    return SOURCES.stream().map(DataSource::name).toList();
  }

  /** One line for each source: how it is written, and what it reads. */
  public static String describe() {
    int widest = SOURCES.stream().mapToInt(s -> s.usage().length()).max().orElse(0);
    return SOURCES.stream()
        .map(s -> s.usage() + " ".repeat(widest + 2 - s.usage().length()) + s.description())
        .collect(Collectors.joining("\n"));
  }

  private static String usages() {
    return SOURCES.stream().map(DataSource::usage).collect(Collectors.joining(", "));
  }
}
