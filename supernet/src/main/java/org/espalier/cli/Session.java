package org.espalier.cli;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.espalier.search.Configuration;
import org.espalier.search.Configurations;
import org.espalier.search.Devices;
import org.espalier.search.Progress;
import org.espalier.search.StoppedException;
import picocli.CommandLine;

/**
 * What takes its time, as the one at the terminal lives through it: what it starts with, its
 * progress, Ctrl-C, its end.
 */
final class Session {
  /** How long Ctrl-C waits for the step that goes on, and for what is then written. */
  private static final long PATIENCE_SECONDS = 60;

  private final CommandLine line;
  private final Screen screen = Screen.attached();
  private final RunProgress progress;
  private final CountDownLatch over = new CountDownLatch(1);
  private volatile boolean stop;

  /**
   * @param header shown before anything else
   */
  Session(CommandLine line, String header) {
    this.line = line;
    progress = new RunProgress(line.getOut(), screen, header, System::nanoTime);
  }

  /** Of a run. */
  Session(CommandLine line, Configuration configuration, Path folder) {
    this(line, header(configuration, folder));
  }

  /** What is to be run; returns the lines to end with. */
  interface Work {
    String run(Progress progress, BooleanSupplier stop);
  }

  /** The character set of the terminal. */
  Charset charset() {
    return screen.charset();
  }

  /**
   * Runs it to its end, or until Ctrl-C.
   *
   * @param again how it can be continued then
   */
  int run(Supplier<String> again, Work work) {
    Thread interrupt = new Thread(this::interrupt, "espalier-interrupt");
    Runtime.getRuntime().addShutdownHook(interrupt);
    PrintWriter out = line.getOut();
    try {
      String summary = work.run(progress, () -> stop);
      out.println();
      out.print(summary);
      return CommandLine.ExitCode.OK;
    } catch (StoppedException e) {
      progress.close();
      line.getErr().println("espalier: stopped; " + again.get());
      return Espalier.INTERRUPTED;
    } catch (RuntimeException
        | Error e) { // said here: with the interrupt's wait, the process may end
      progress.close();
      return Faults.explain(e, line);
    } finally {
      progress.close();
      out.flush();
      line.getErr().flush();
      over.countDown();
      forget(interrupt);
    }
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // It is the process's end that ended the run.
    }
  }

  /** In the shutdown hook: the process lives for as long as this takes. */
  private void interrupt() {
    stop = true;
    progress.note("stopping after this step");
    try {
      if (!over.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        line.getErr()
            .println("espalier: gave up on the current step; what was written before it is kept");
        line.getErr().flush();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String header(Configuration configuration, Path folder) {
    return Configurations.format(configuration)
        + "\n"
        + new Table("ll").row("device", device(configuration)).row("folder", folder.toString())
        + "\n";
  }

  private static String device(Configuration configuration) {
    String wanted = configuration.device();
    return Devices.all().stream()
        .filter(device -> wanted.equals("auto") ? device.available() : device.name().equals(wanted))
        .findFirst()
        .map(device -> device.name() + ": " + device.detail())
        .orElse(wanted);
  }
}
