package org.espalier.cli;

import java.util.List;
import org.espalier.InputException;
import org.espalier.search.Configuration;
import org.espalier.search.Configurations;
import org.espalier.space.SearchSpace;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of all that makes networks: how large they are, what fixes them, what computes. */
final class NetworkOptions {
  @Option(
      names = "--channels",
      paramLabel = "C",
      order = 14,
      description = "Channels of the first cells.")
  @Nullable Integer channels;

  @Option(
      names = "--cells",
      paramLabel = "N",
      order = 15,
      description = "Cells in each stage (nasbench201), or layers (darts).")
  @Nullable Integer cells;

  @Option(
      names = "--seed",
      paramLabel = "N",
      order = 16,
      description = "Fixes everything that is drawn, and so the result.")
  @Nullable Long seed;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      order = 17,
      description =
          "auto, or one of 'espalier list devices'; cuda,tf32: with tensor cores;"
              + " cuda,cublas,cudnn: with these libraries.")
  @Nullable String device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      order = 18,
      description =
          "Threads of the device; the result does not depend on them. 0: one for each core.")
  @Nullable Integer threads;

  /**
   * The size of networks: what is published for the search in that space, unless it is given.
   *
   * @return without input channels and classes, which the data add
   */
  SearchSpace.Size size(SearchSpace space) {
    Configuration.Search published =
        Configurations.of(space.name(), Configurations.Preset.PAPER, List.of()).search();
    int c = channels == null ? published.channels() : channels;
    int n = cells == null ? published.cells() : cells;
    requirePositive("--channels", c);
    requirePositive("--cells", n);
    return new SearchSpace.Size(c, n, 1, 1);
  }

  static void requirePositive(String option, int value) {
    if (value < 1) {
      throw new InputException(option + " is " + value + "; at least 1 is wanted");
    }
  }
}
