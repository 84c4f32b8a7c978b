package org.espalier.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.espalier.InputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What has been scored stays, whenever the process ends. */
class ScoreLogTest {
  private static final List<String> COLUMNS = List.of("seconds", "snip");
  private static final Map<String, Double> FIRST = Map.of("seconds", 0.1, "snip", 1.0 / 3);
  private static final Map<String, Double> SECOND = Map.of("seconds", 2e-9, "snip", Double.NaN);

  @TempDir Path temp;
  private Path file = Path.of("");

  @BeforeEach
  void name() {
    file = temp.resolve("scores.csv");
  }

  private void two() {
    ScoreLog log = ScoreLog.open(file, COLUMNS);
    log.add("|a~0|", FIRST);
    log.add("|b~0|", SECOND);
  }

  @Test
  void openedAgainItKnowsAllToTheBit() {
    two();
    ScoreLog again = ScoreLog.open(file, COLUMNS);
    assertThat(again.of("|a~0|")).isEqualTo(FIRST);
    assertThat(again.of("|b~0|")).isEqualTo(SECOND);
    assertThat(again.has("|c~0|")).isFalse();
    assertThat(again.of("|c~0|")).isEmpty();
  }

  /** After every byte of the file a machine may have died. */
  @Test
  void cutAnywhereItGoesOnToTheSameFile() throws IOException {
    two();
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length <= whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      ScoreLog cut = ScoreLog.open(file, COLUMNS);
      if (!cut.has("|a~0|")) {
        cut.add("|a~0|", FIRST);
      }
      if (!cut.has("|b~0|")) {
        cut.add("|b~0|", SECOND);
      }
      assertThat(file).as("cut after %d bytes", length).hasBinaryContent(whole);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "arch,seconds,snap\n|a~0|,1,2\n",
        "arch,seconds\n|a~0|,1\n",
        "something else",
        "arch,seconds,snip and more"
      })
  void aFileOfSomethingElseIsRefusedAndLeftAlone(String content) throws IOException {
    Files.writeString(file, content);
    assertThatThrownBy(() -> ScoreLog.open(file, COLUMNS))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + " has other scores, of the columns '")
        .hasMessageEndingWith("', where 'arch,seconds,snip' are wanted: name another file");
    assertThat(file).hasContent(content);
  }

  @Test
  void aLineThatIsDamagedIsNamed() throws IOException {
    Files.writeString(file, "arch,seconds,snip\n|a~0|,1,2\n|b~0|,1\n");
    assertThatThrownBy(() -> ScoreLog.open(file, COLUMNS))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("line 3 has 2 values, the line of names has 3");
  }
}
