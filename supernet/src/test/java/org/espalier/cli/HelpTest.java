package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.espalier.candidate.Candidates;
import org.espalier.data.Datasets;
import org.espalier.proxy.Proxies;
import org.espalier.space.Spaces;
import org.espalier.strategy.Strategies;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What the command line tells about itself. */
class HelpTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "search",
        "train",
        "score",
        "table",
        "table convert",
        "table info",
        "table query",
        "table baselines",
        "rank",
        "info",
        "list"
      })
  void everyCommandHasHelpThatFitsTheScreen(String command) {
    Called help = Called.with((command + " --help").split(" "));
    help.succeeded();
    assertThat(help.out()).startsWith("Usage: espalier " + command);
    assertThat(help.out().lines()).allMatch(line -> line.length() <= 100);
  }

  @Test
  void withoutACommandThereIsHelp() {
    Called help = Called.with();
    help.succeeded();
    assertThat(help.out()).contains("search", "train", "score", "table", "rank", "info", "list");
    assertThat(Called.with("--version").out()).startsWith("Espalier ");
  }

  @Test
  void listsAreComplete() {
    Spaces.all()
        .forEach(
            space ->
                assertThat(list("spaces")).contains(space.name(), firstWord(space.description())));
    Strategies.all()
        .forEach(
            s -> assertThat(list("strategies")).contains(s.name(), firstWord(s.description())));
    Candidates.all()
        .forEach(
            c -> assertThat(list("candidates")).contains(c.name(), firstWord(c.description())));
    Proxies.all()
        .forEach(p -> assertThat(list("proxies")).contains(p.name(), firstWord(p.description())));
    Datasets.sources()
        .forEach(s -> assertThat(list("data")).contains(s.usage(), firstWord(s.description())));
    assertThat(list("devices")).contains("cuda", "simd", "ejml");
  }

  @Test
  void infoNamesTheMachineAndWhyADeviceCannotBeUsed() {
    Called info = Called.with("info");
    info.succeeded();
    assertThat(info.out())
        .contains("Espalier", "Java", "processor", "cores", "memory", "vectors")
        .containsPattern("cuda  no   \\S+");
  }

  @Test
  void aFaultOfOurOwnIsOneLineThatSaysHowToSeeMore() {
    StringWriter err = new StringWriter();
    CommandLine line = Espalier.commandLine().setErr(new PrintWriter(err));
    int code = Faults.explain(new IllegalStateException("lost\n  count"), line);
    assertThat(code).isEqualTo(1);
    assertThat(err.toString().strip())
        .isEqualTo(
            "espalier: this should not happen: java.lang.IllegalStateException: lost count;"
                + " --verbose shows where");
  }

  @Test
  void verboseShowsWhere() {
    Called called = Called.with("search", "--verbose", "--space", "foo");
    assertThat(called.code()).isEqualTo(2);
    assertThat(called.err())
        .startsWith("espalier: unknown search space 'foo'")
        .contains("\tat org.espalier");
  }

  private static String list(String what) {
    Called list = Called.with("list", what);
    list.succeeded();
    assertThat(list.out().lines()).allMatch(line -> line.length() <= 100);
    return list.out();
  }

  private static String firstWord(String text) {
    return text.split(" ", 2)[0];
  }
}
