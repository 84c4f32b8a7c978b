package org.espalier.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.InputException;
import org.espalier.search.Configuration;
import org.espalier.search.Configurations;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that make up a configuration; each but the last ones is a shorthand for settings. */
final class SettingOptions {
  @Option(
      names = "--data",
      paramLabel = "SPEC",
      order = 10,
      description =
          "Images to learn from, such as fashion-mnist or cifar10:DIR; see 'espalier list data'.")
  private @Nullable String data;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      order = 11,
      description = "Passes over the training images.")
  private @Nullable Integer epochs;

  @Option(names = "--batch", paramLabel = "N", order = 13, description = "Images in a step.")
  private @Nullable Integer batch;

  @Mixin private final NetworkOptions networks = new NetworkOptions();

  @Option(
      names = "--preset",
      paramLabel = "laptop|paper",
      order = 20,
      description =
          "Settings to start from: laptop (minutes on a CPU; the default), or paper (as"
              + " published).")
  private String preset = "laptop";

  @Option(
      names = "--config",
      paramLabel = "FILE.yaml",
      order = 21,
      description = "Settings from a file, such as the config.yaml of an earlier run.")
  private @Nullable Path config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      order = 22,
      description =
          "A single setting, such as search.alpha.learningRate=0.001; wins over all others."
              + " Repeatable.")
  private List<String> set = new ArrayList<>();

  /** The file of {@code --config}. */
  @Nullable Path config() {
    if (config != null && !Files.isRegularFile(config)) {
      throw new InputException("--config " + config + ": there is no such file");
    }
    return config;
  }

  /**
   * What the options come to.
   *
   * @param space whose defaults to start from
   * @param how the section of the configuration that {@code --epochs} and {@code --batch} are for
   * @param sizes the sections that {@code --channels} and {@code --cells} are for
   * @param more settings of options that only one command has
   */
  Configuration configuration(String space, String how, List<String> sizes, List<String> more) {
    List<String> settings = new ArrayList<>();
    add(settings, "data", data);
    add(settings, "seed", networks.seed);
    add(settings, "device", networks.device);
    add(settings, "threads", networks.threads);
    add(settings, how + ".epochs", epochs);
    add(settings, how + ".batch", batch);
    for (String size : sizes) {
      add(settings, size + ".channels", networks.channels);
      add(settings, size + ".cells", networks.cells);
    }
    settings.addAll(more);
    settings.addAll(set);
    Configurations.Preset from =
        switch (preset) {
          case "laptop" -> Configurations.Preset.LAPTOP;
          case "paper" -> Configurations.Preset.PAPER;
          default ->
              throw new InputException("unknown preset '" + preset + "'; known: laptop, paper");
        };
    Path file = config();
    Configuration configuration =
        file == null
            ? Configurations.of(space, from, settings)
            : Configurations.of(space, from, file, settings);
    if (!configuration.space().equals(space)) {
      throw new InputException(
          "the settings are for the space "
              + configuration.space()
              + ", the defaults for "
              + space
              + "; name the space by --space, or in --config alone");
    }
    return configuration;
  }

  /** Adds a setting unless its option is missing. */
  static void add(List<String> settings, String key, @Nullable Object value) {
    if (value != null) {
      settings.add(key + "=" + value);
    }
  }
}
