package org.espalier.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.espalier.InputException;

/** A supernet and its batch: what a step is measured on. */
record Net(String space, int channels, int cells, int size, int inputChannels, int batch) {
  static final List<Net> ALL =
      List.of(
          new Net("nasbench201", 8, 1, 28, 1, 64),
          new Net("nasbench201", 16, 5, 32, 3, 64),
          new Net("darts", 16, 8, 32, 3, 16));

  /** What is measured on GPUs, in small batches and in large ones. */
  static final List<Net> ON_GPUS =
      List.of(
          new Net("darts", 16, 8, 32, 3, 64),
          new Net("nasbench201", 16, 5, 32, 3, 64),
          new Net("darts", 16, 8, 32, 3, 256),
          new Net("nasbench201", 16, 5, 32, 3, 256));

  /** Their like in small: to see that all can be measured. */
  static final List<Net> TINY =
      List.of(new Net("darts", 4, 3, 8, 3, 2), new Net("nasbench201", 4, 1, 8, 3, 2));

  /**
   * The nets of {@code all} whose description contains {@code text}.
   *
   * @throws InputException naming all, if none does
   */
  static List<Net> containing(List<Net> all, String text) {
    String wanted = text.toLowerCase(Locale.ROOT);
    List<Net> found =
        all.stream()
            .filter(net -> net.toString().toLowerCase(Locale.ROOT).contains(wanted))
            .toList();
    if (found.isEmpty()) {
      throw new InputException(
          "--only "
              + text
              + ": no net's name contains it; there are "
              + all.stream().map(net -> "'" + net + "'").collect(Collectors.joining(", ")));
    }
    return found;
  }

  @Override
  public String toString() {
    return "%s C=%d %s=%d, %dx%dx%d, batch %d"
        .formatted(
            space,
            channels,
            space.equals("darts") ? "L" : "N",
            cells,
            size,
            size,
            inputChannels,
            batch);
  }
}
