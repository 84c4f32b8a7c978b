package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.InputException;
import org.espalier.search.Configuration;
import org.espalier.search.Configurations;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that make up the configuration of a search. */
final class SearchOptions {
  private static final String USUAL_SPACE = "nasbench201";

  @Option(
      names = "--space",
      paramLabel = "NAME",
      order = 1,
      description = "Search space; see 'espalier list spaces'. Default: " + USUAL_SPACE + ".")
  private @Nullable String space;

  @Option(
      names = "--strategy",
      paramLabel = "NAME",
      order = 2,
      description =
          "Search strategy; see 'espalier list strategies'. Default: drnas for nasbench201, darts"
              + " for darts.")
  private @Nullable String strategy;

  @Option(
      names = "--train-epochs",
      paramLabel = "N",
      order = 12,
      description = "The same, when an architecture is trained from scratch.")
  private @Nullable Integer trainEpochs;

  @Mixin private final SettingOptions settings = new SettingOptions();

  /** What the options come to. */
  Configuration configuration() {
    List<String> own = new ArrayList<>();
    SettingOptions.add(own, "strategy", strategy);
    SettingOptions.add(own, "training.epochs", trainEpochs);
    return settings.configuration(space(), "search", List.of("search", "training"), own);
  }

  private String space() {
    Path config = settings.config();
    if (config == null) {
      return space == null ? USUAL_SPACE : space;
    }
    String named = Configurations.spaceOf(config, space == null ? USUAL_SPACE : space);
    if (space != null && !space.equals(named)) {
      throw new InputException(
          config + " is for the space " + named + ", not for --space " + space);
    }
    return named;
  }
}
