package org.espalier.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * The libcuda that runs on the CPU (src/test/emulator), under JCuda as it is. {@link #start} in
 * {@code @BeforeEach}: it skips the test, visibly, where there is none.
 */
final class Emulator {
  private static final Path LIBRARY = Path.of(System.getProperty("espalier.emulator", "none"));
  private static final SymbolLookup SYMBOLS =
      Files.exists(LIBRARY)
          ? SymbolLookup.libraryLookup(LIBRARY, Arena.global())
          : name -> java.util.Optional.empty();

  private Emulator() {}

  /**
   * With it, {@link #start} leaves the machine's own GPU to the tests: the same suite runs there.
   */
  static final boolean REAL = Boolean.getBoolean("espalier.gpu");

  /** A new device; prints the seed of its order of threads. */
  static void start() {
    if (!REAL) {
      start(new java.util.Random().nextLong());
    }
  }

  /** As {@link #start()}, for a test that steers the device: it is skipped on a real one. */
  static void steered() {
    Assumptions.assumeFalse(REAL, "a real GPU cannot be steered");
    start();
  }

  static void start(long seed) {
    Assumptions.assumeTrue(
        Files.exists(LIBRARY), "no emulator was built (g++ on Linux x86-64 makes one)");
    System.setProperty(Driver.PROPERTY, LIBRARY.toString());
    System.setProperty(Libraries.PROPERTY, String.valueOf(LIBRARY.getParent())); // it is these too
    System.setProperty(Kernels.IMAGE, LIBRARY.toString()); // any file: it knows kernels by name
    call("emu_reset", FunctionDescriptor.ofVoid());
    call("emu_seed", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG), seed);
    System.out.println("emulator seed " + seed);
  }

  /** Makes the driver's call fail with that error, after it has worked so many times more. */
  static void inject(String call, int after, int error) {
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
  static void memory(long bytes) {
    call("emu_memory", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG), bytes);
  }

  /** Launches return at once and do nothing. */
  static void doNothing(boolean on) {
    call("emu_do_nothing", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT), on ? 1 : 0);
  }

  private static Object call(String name, FunctionDescriptor descriptor, Object... arguments) {
    MethodHandle handle =
        Linker.nativeLinker().downcallHandle(SYMBOLS.find(name).orElseThrow(), descriptor);
    try {
      return handle.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new IllegalStateException(name, e);
    }
  }
}
