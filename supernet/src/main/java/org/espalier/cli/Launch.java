package org.espalier.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.lang.reflect.Constructor;

/** Where the launcher script enters. */
public final class Launch {
  /**
   * The launcher keeps the true stderr under this number, and a filter of the JVM's own warnings
   * under 2.
   */
  private static final int TRUE_STDERR = 3;

  private Launch() {}

  /** Runs the command line and ends the process with its exit code. */
  public static void main(String[] args) {
    restoreStderr();
    System.exit(Espalier.run(writer(System.out), writer(System.err), args));
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(new OutputStreamWriter(stream, stream.charset()), true);
  }

  /**
   * Whoever starts this class by hand has something else under number 3, or nothing. The launcher
   * is known by the package that it opens, which no one else would.
   */
  private static void restoreStderr() {
    if (!FileDescriptor.class.getModule().isOpen("java.io", Launch.class.getModule())) {
      return;
    }
    try {
      Constructor<FileDescriptor> constructor =
          FileDescriptor.class.getDeclaredConstructor(int.class);
      constructor.setAccessible(true);
      var stderr = new FileOutputStream(constructor.newInstance(TRUE_STDERR));
      stderr.write(new byte[0]);
      System.setErr(new PrintStream(stderr, true, System.err.charset()));
    } catch (ReflectiveOperationException | IOException e) {
      // The filtered one serves.
    }
  }
}
