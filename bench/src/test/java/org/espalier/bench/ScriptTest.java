package org.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a program is to us that works for us; here a shell in Python's place. */
@Timeout(60)
class ScriptTest {
  @BeforeEach
  void shell() {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "no /bin/sh here");
  }

  private static Script sh(String text) throws IOException {
    return new Script(List.of("/bin/sh", "-c", text));
  }

  @Test
  void answersLineByLineUntilThereIsNoMore() throws Exception {
    try (Script script = sh("while read -r n; do echo $((2 * n)); done")) {
      script.input("4");
      assertThat(script.output()).isEqualTo("8");
      script.input("5");
      assertThat(script.output()).isEqualTo("10");
      script.input(null);
      assertThat(script.output()).isNull();
      assertThat(script.done()).isTrue();
      assertThat(script.late()).isFalse();
    }
  }

  @Test
  void itsLastWordSaysWhyItFailed() throws Exception {
    try (Script script =
        sh("echo so far; echo Traceback >&2; echo 'no torch' >&2; echo >&2; exit 3")) {
      assertThat(script.output()).isEqualTo("so far");
      assertThat(script.output()).isNull();
      assertThat(script.done()).isFalse();
      assertThat(script.failed()).hasMessageMatching("'/bin/sh -c .*' failed: no torch");
    }
  }

  @Test
  void whoDoesNotListenHasFailed() throws Exception {
    try (Script script = sh("echo 'no such option' >&2; exit 2")) {
      assertThat(script.done()).isFalse();
      assertThatThrownBy(() -> script.input("1"))
          .isInstanceOf(IOException.class)
          .hasMessageEndingWith("failed: no such option");
    }
  }

  @Test
  void whatItHasStartedEndsWithIt() throws Exception {
    ProcessHandle compiler;
    try (Script script = sh("sleep 600 & echo $!; wait")) {
      long id = Long.parseLong(Objects.requireNonNull(script.output()));
      compiler = ProcessHandle.of(id).orElseThrow();
      assertThat(compiler.isAlive()).isTrue();
    }
    compiler.onExit().get(20, TimeUnit.SECONDS);
  }

  @Test
  void itsTimeIsLimitedWithAllThatItHasStarted() throws Exception {
    try (Script script = sh("sleep 600 & echo begun; wait")) {
      assertThat(script.output()).isEqualTo("begun");
      script.limit(Duration.ofMillis(50));
      assertThat(script.output()).isNull(); // the sleeper had it open too
      assertThat(script.done()).isFalse();
      assertThat(script.late()).isTrue();
    }
  }

  @Test
  void aProgramThatIsNotThereIsSaid() {
    assertThatThrownBy(() -> new Script(List.of("/no/such/python")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("/no/such/python");
  }
}
