package org.espalier.cli;

import java.io.Console;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * What the output is read on.
 *
 * @param live whether a line of it can be drawn over
 * @param columns of a line; lines are kept within 100
 * @param charset that it shows
 */
record Screen(boolean live, int columns, Charset charset) {
  private static final int WIDEST = 100;
  private static final int USUAL = 80;

  /** The screen that standard output goes to. */
  @SuppressWarnings("SystemConsoleNull") // it may still be null, and from JDK 25 it is again
  static Screen attached() {
    Console console = System.console();
    String terminal = System.getenv("TERM");
    boolean live =
        console != null
            && console.isTerminal()
            && terminal != null
            && !terminal.isEmpty()
            && !terminal.equals("dumb");
    return new Screen(live, live ? Math.min(WIDEST, width()) : WIDEST, System.out.charset());
  }

  /** Whether it shows lines and blocks. */
  boolean drawsBoxes() {
    return charset.newEncoder().canEncode("━─");
  }

  /** Asks the terminal, which {@code stty} knows on every Unix. */
  private static int width() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size").redirectInput(ProcessBuilder.Redirect.INHERIT).start();
      if (stty.waitFor(1, TimeUnit.SECONDS) && stty.exitValue() == 0) {
        String[] size =
            new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                .strip()
                .split(" ");
        int columns = Integer.parseInt(size[size.length - 1]);
        return columns > 0 ? columns : USUAL;
      }
    } catch (IOException | NumberFormatException e) {
      // no stty, or one that talks of something else
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return USUAL;
  }
}
