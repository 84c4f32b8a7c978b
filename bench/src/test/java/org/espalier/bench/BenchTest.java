package org.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What the commands say of options that they cannot take. */
class BenchTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    CommandLine line = Bench.commandLine();
    return line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(arguments);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "step --steps many        | '--steps': 'many' is not an int; try 'espalier bench step",
        "step --steps 0           | --steps 0: at least 1 is wanted; try 'espalier bench step",
        "profile --threads -2     | --threads -2: at least 1 is wanted; try 'espalier bench"
            + " profile",
        "step --only nothing      | --only nothing: no net's name contains it; there are"
            + " 'nasbench2",
        "profile --only nothing   | --only nothing: no net's name contains it; there are"
            + " 'nasbench2",
        "step --compile           | Unknown option: '--compile'; try 'espalier bench step --help'",
        "walk                     | Unmatched argument at index 0: 'walk'; try 'espalier bench"
            + " --help",
        "profile --strategy luck  | unknown strategy 'luck'; known: darts,",
        "gpu --work step,second --who me | --who me: known are espalier, eager,",
        "gpu --work walk          | Invalid value for option '--work'",
        "ops -wi few              | 'few'",
      })
  void anOptionThatCannotBeTakenIsOneLineAndCodeTwo(String arguments, String said) {
    assertThat(run(arguments.split(" "))).isEqualTo(2);
    assertThat(err.toString().lines())
        .singleElement()
        .asString()
        .startsWith("espalier bench: ")
        .contains(said);
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void aPythonThatIsNoneIsRefusedBeforeAnythingIsMeasured() {
    assertThat(run("step", "--only", "N=1", "--python", "no-such-python")).isEqualTo(2);
    assertThat(err.toString()).contains("espalier bench: --python no-such-python: no Python that");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void netsAreFoundByPartsOfTheirNames() {
    assertThat(Net.containing(Net.ALL, "")).isEqualTo(Net.ALL);
    assertThat(Net.containing(Net.ALL, "DARTS")).containsExactly(Net.ALL.getLast());
    assertThat(Net.containing(Net.ALL, "N=1,").stream().map(Net::toString))
        .isEqualTo(List.of("nasbench201 C=8 N=1, 28x28x1, batch 64"));
  }
}
