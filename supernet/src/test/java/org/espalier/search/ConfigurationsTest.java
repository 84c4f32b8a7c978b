package org.espalier.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.espalier.InputException;
import org.espalier.search.Configurations.Preset;
import org.espalier.strategy.OneShot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a configuration starts from. */
class ConfigurationsTest {
  @TempDir Path temp;

  /** Pham et al. 2018, micro search, and Dong and Yang 2020. */
  @Test
  void theControllersAreThePublishedOnes() {
    assertThat(search("darts", Preset.PAPER).oneShot().controller())
        .isEqualTo(
            new OneShot.Controller(
                64, 1, false, 1, 1.1f, 0.44f, 0.0035f, 0, 0.001f, 0, 1e-4, 0.99, false, 30, 10));
    assertThat(search("nasbench201", Preset.PAPER).oneShot().controller())
        .isEqualTo(
            new OneShot.Controller(
                32, 2, true, 5, 2.5f, 2.5f, 0.001f, 0, 0.001f, 5, 1e-4, 0.99, true, 50, 20));
  }

  @Test
  void thePaperOfAStrategyComesWithIt() throws IOException {
    Configuration.Search enas = search("darts", Preset.PAPER, "strategy=enas");
    assertThat(enas.batch()).isEqualTo(160);
    assertThat(enas.epochs()).isEqualTo(150);
    assertThat(enas.restart()).isEqualTo(10);
    assertThat(enas.learningRate()).isEqualTo(0.05f);
    assertThat(enas.learningRateEnd()).isEqualTo(0.0005f);
    Path file = temp.resolve("my.yaml");
    Files.writeString(file, "strategy: enas\nsearch: {batch: 32}\n");
    Configuration.Search mine =
        Configurations.of("darts", Preset.PAPER, file, List.of("search.epochs=7")).search();
    assertThat(mine.batch()).isEqualTo(32);
    assertThat(mine.epochs()).isEqualTo(7);
    assertThat(mine.restart()).isEqualTo(10);
    assertThat(search("darts", Preset.PAPER, "strategy=enas", "strategy=gdas"))
        .isEqualTo(search("darts", Preset.PAPER));
    assertThat(search("darts", Preset.LAPTOP, "strategy=enas"))
        .isEqualTo(search("darts", Preset.LAPTOP));
  }

  @ParameterizedTest
  @CsvSource({
    "search.oneShot.controller.samples=0, at least 1",
    "search.oneShot.controller.temperature=0, between",
    "search.oneShot.candidates.batches=0, at least 1",
    "search.oneShot.evolution.mutation=1.5, between 0.0 and 1.0",
    "search.oneShot.evolution.population=20, population 20 is too small",
    "search.oneShot.evolution.parent=20, unknown key",
    "search.restart=-1, at least 0"
  })
  void whatCannotBeIsRefused(String setting, String why) {
    assertThatThrownBy(() -> search("nasbench201", Preset.LAPTOP, setting))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(why)
        .hasMessageContaining(setting.contains("population") ? "evolution" : setting.split("=")[0]);
  }

  private static Configuration.Search search(String space, Preset preset, String... settings) {
    return Configurations.of(space, preset, List.of(settings)).search();
  }
}
