package org.espalier.parity;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ServiceLoader;
import org.espalier.backend.Accelerator;
import org.espalier.backend.Backend;
import org.junit.jupiter.api.Assumptions;

/**
 * The CUDA back end over the libcuda that runs on the CPU, which the module kernels builds where
 * there is g++. It is the machine's only GPU between {@link #on} and {@link #off}.
 */
public final class Emulated {
  private static final Path LIBRARY = Path.of(System.getProperty("espalier.emulator", "none"));

  private Emulated() {}

  public static boolean available() {
    return Files.exists(LIBRARY);
  }

  /** Opens the back end. */
  public static Backend open() {
    on();
    try {
      return ServiceLoader.load(Accelerator.class).findFirst().orElseThrow().open();
    } finally {
      off();
    }
  }

  /** A new device from here on; skips the test, visibly, where no emulator was built. */
  public static void on() {
    Assumptions.assumeTrue(available(), "no emulator was built (g++ on Linux x86-64 makes one)");
    System.setProperty("espalier.libcuda", LIBRARY.toString());
    System.setProperty("espalier.cuda.image", LIBRARY.toString()); // it knows kernels by name
    call("emu_reset", FunctionDescriptor.ofVoid());
  }

  public static void off() {
    System.clearProperty("espalier.libcuda");
    System.clearProperty("espalier.cuda.image");
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

  /** The device's memory. */
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

  /** Graphs launched since the process began. */
  public static long graphLaunches() {
    return (long)
        call(
            "emu_count", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT), 1);
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
