package org.espalier.parity;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.InputException;
import org.espalier.backend.Backend;
import org.espalier.search.Devices;
import org.junit.jupiter.api.Assumptions;

/**
 * The libcuda that runs on the CPU, which the module kernels builds where there is g++; in the run
 * of the tests tagged "device" it is the machine's GPU. Here it is steered, unless {@code
 * espalier.gpu} says that the machine's own GPU is there to be tested.
 */
public final class Emulated {
  private static final String PROPERTY = "espalier.libcuda";
  private static final Path LIBRARY = Path.of(System.getProperty(PROPERTY, "none"));

  private static final boolean REAL = Boolean.getBoolean("espalier.gpu");

  private Emulated() {}

  /** Opens the back end. */
  public static Backend open() {
    return open("cuda");
  }

  /** Opens it with options; skips the test, visibly, where the machine has not what they want. */
  public static Backend open(String device) {
    try {
      return Devices.open(device, 0);
    } catch (InputException e) {
      return Assumptions.abort(String.valueOf(e.getMessage()));
    }
  }

  /** As {@link #reset}, for a test that steers the device: it is skipped on a real one. */
  public static void steered() {
    Assumptions.assumeFalse(REAL, "a real GPU cannot be steered");
    reset();
  }

  /** A new device from here on; skips the test, visibly, where no emulator was built. */
  public static void reset() {
    if (REAL) {
      return;
    }
    Assumptions.assumeTrue(
        Files.exists(LIBRARY), "no emulator was built (g++ on Linux x86-64 makes one)");
    System.setProperty(PROPERTY, LIBRARY.toString());
    System.setProperty("espalier.cuda.path", String.valueOf(LIBRARY.getParent()));
    call("emu_reset", FunctionDescriptor.ofVoid());
  }

  /** Until the next {@link #reset}, this machine has no driver. */
  public static void remove() {
    System.setProperty(PROPERTY, "none");
  }

  /** Makes the driver's call fail with that error, after it has worked so many times more. */
  public static void inject(String call, int after, int error) {
    try (Arena arena = Arena.ofConfined()) {
      call(
          "emu_inject",
          FunctionDescriptor.ofVoid(
              ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
          arena.allocateFrom(call),
          after,
          error);
    }
  }

  /** So much of the device's memory is free from here on. */
  public static void memory(long bytes) {
    call("emu_memory", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG), bytes);
  }

  /** The CUDA version of the driver, as 12060 for 12.6, and how many devices it shows. */
  public static void driver(int version, int devices) {
    call(
        "emu_driver",
        FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
        version,
        devices);
  }

  /** Launches return at once and do nothing, until the next {@link #reset}. */
  public static void doNothing(boolean on) {
    call("emu_do_nothing", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT), on ? 1 : 0);
  }

  private static Object call(String name, FunctionDescriptor descriptor, Object... arguments) {
    SymbolLookup symbols = SymbolLookup.libraryLookup(LIBRARY, Arena.global());
    try {
      return Linker.nativeLinker()
          .downcallHandle(symbols.find(name).orElseThrow(), descriptor)
          .invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new IllegalStateException(name, e);
    }
  }
}
