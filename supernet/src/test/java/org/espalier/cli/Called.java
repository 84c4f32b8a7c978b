package org.espalier.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;

/** What calling the command line came to. */
record Called(int code, String out, String err) {
  /** Of a search on {@link TinyData} that takes a moment; goes after {@code search}. */
  private static final List<String> TINY =
      List.of(
          "--epochs",
          "2",
          "--train-epochs",
          "1",
          "--batch",
          "16",
          "--channels",
          "2",
          "--cells",
          "1",
          "--set",
          "contenders=1");

  static Called with(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Espalier.run(new PrintWriter(out), new PrintWriter(err), args);
    return new Called(code, out.toString(), err.toString());
  }

  /** A tiny search with more options. */
  static Called search(String... more) {
    return with(searchArguments(more));
  }

  static String[] searchArguments(String... more) {
    List<String> args = new ArrayList<>(List.of("search"));
    args.addAll(TINY);
    args.addAll(List.of(more));
    return args.toArray(String[]::new);
  }

  void succeeded() {
    assertThat(err).isEmpty();
    assertThat(code).isZero();
  }

  /** Exit code 2 and a single line that says what is wrong. */
  void refused(String... saying) {
    assertThat(err).startsWith("espalier: ").contains(saying);
    assertThat(err.lines()).as("lines on stderr").hasSize(1);
    assertThat(err).doesNotContain("\tat ");
    assertThat(out).as("said before it was refused").isEmpty();
    assertThat(code).isEqualTo(2);
  }
}
