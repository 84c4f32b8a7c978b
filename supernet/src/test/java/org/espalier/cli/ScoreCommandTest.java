package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.proxy.Proxies;
import org.espalier.proxy.Proxy;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code espalier score}. */
class ScoreCommandTest {
  private static final String CELL =
      "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|";
  private static final String OTHER =
      "|nor_conv_1x1~0|+|skip_connect~0|none~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|";

  @TempDir Path temp;
  private String data = "";

  @BeforeEach
  void tinyData() {
    data = TinyData.write(temp.resolve("images"));
  }

  private Called score(String... more) {
    List<String> args =
        new ArrayList<>(List.of("score", "--data", data, "--channels", "4", "--cells", "1"));
    args.addAll(List.of(more));
    return Called.with(args.toArray(String[]::new));
  }

  @Test
  void scoresAnArchitectureByAllProxies() {
    Called called = score(CELL, "--batch", "8");
    called.succeeded();
    assertThat(called.out()).startsWith(CELL + "\n");
    Proxies.all().forEach(proxy -> assertThat(called.out()).contains("\n" + proxy.name() + " "));
    assertThat(called.out()).contains("\n  az_nas.trainability ").doesNotContain("undefined");
    assertThat(called.out().lines()).allMatch(line -> line.length() <= 100);
  }

  @Test
  void putsParametersBesideWhatIsAskedFor() {
    Called called = score(CELL, OTHER, "--proxies", "snip,nwot", "--batch", "8", "--repeat", "2");
    called.succeeded();
    assertThat(called.out().lines().map(line -> line.split(" ")[0]))
        .containsSubsequence(CELL, "params", "snip", "nwot", OTHER, "params", "snip", "nwot");
    assertThat(called.out()).contains("+-");
  }

  /** The others wait for the last architecture; a proxy's score of one alone is its own. */
  @Test
  void whatIsComparedWithNothingIsShownAsItComes() {
    assertThat(Proxies.all().stream().filter(Proxy::compares).map(Proxy::name))
        .containsExactly("az_nas", "te_nas");
    String how = "--proxies=snip,nwot";
    assertThat(score(CELL, OTHER, how, "--batch", "8").out())
        .isEqualTo(
            score(CELL, how, "--batch", "8").out()
                + "\n"
                + score(OTHER, how, "--batch", "8").out());
  }

  @Test
  void theSameSeedGivesTheSameScoresAndAnotherOthers() {
    String once = score(CELL, "--proxies", "snip", "--batch", "8").out();
    assertThat(score(CELL, "--proxies", "snip", "--batch", "8").out()).isEqualTo(once);
    assertThat(score(CELL, "--proxies", "snip", "--batch", "8", "--seed", "1").out())
        .isNotEqualTo(once);
  }

  @Test
  void whatCannotBeIsRefused() {
    score().refused("ARCH");
    score(CELL, "--proxies", "snap").refused("unknown proxy 'snap'; known: all, params");
    score(CELL, "DARTS_V1").refused("architectures of different spaces cannot be compared");
    score(CELL, "--batch", "1000").refused("a batch of 1000 images cannot be");
    score(CELL, "--batch", "1").refused("a batch of 1 images cannot be");
    score(CELL, "--repeat", "0").refused("--repeat is 0; at least 1 is wanted");
    Called.with("score", CELL, "--channels", "0").refused("--channels is 0; at least 1 is wanted");
    score("|nor_conv_3x3~0|").refused("3 are wanted");
  }
}
