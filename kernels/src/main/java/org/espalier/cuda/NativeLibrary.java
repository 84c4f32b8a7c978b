package org.espalier.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.espalier.backend.DeviceException;

/**
 * A library of NVIDIA's whose functions return a status, 0 where they did what they should. Called
 * by name: the types of a function are those of what it is given, int, long (sizes, handles,
 * addresses on the device) or a segment (an address here).
 */
final class NativeLibrary {
  private static final MemorySegment ONE = Arena.global().allocateFrom(JAVA_FLOAT, 1f);
  private static final MemorySegment ZERO = Arena.global().allocateFrom(JAVA_FLOAT, 0f);

  private final String file;
  private final SymbolLookup symbols;
  private final String words;
  private final Map<String, MethodHandle> functions = new HashMap<>();

  private NativeLibrary(String file, SymbolLookup symbols, String words) {
    this.file = file;
    this.symbols = symbols;
    this.words = words;
  }

  /**
   * Loads libraries by their paths, each after what it needs: the system does not look for them
   * where {@link Libraries} does, but knows those that are loaded.
   *
   * @throws DeviceException if one cannot be
   */
  static void load(List<Path> files) {
    for (Path file : files) {
      try {
        System.load(file.toAbsolutePath().toString());
      } catch (UnsatisfiedLinkError e) {
        throw new DeviceException("cuda: cannot load " + file + ": " + e.getMessage());
      }
    }
  }

  /**
   * Loads the last of some, the others first.
   *
   * @param words its function that says in words what a status means
   * @throws DeviceException if one cannot be
   */
  static NativeLibrary of(List<Path> files, String words) {
    load(files);
    Path library = files.getLast();
    return new NativeLibrary(
        String.valueOf(library.getFileName()),
        SymbolLookup.libraryLookup(library, Arena.global()),
        words);
  }

  /** The factor of what a result is added to, as the libraries want it: 1, or 0 for nothing. */
  static MemorySegment factor(boolean add) {
    return add ? ONE : ZERO;
  }

  /**
   * Calls a function.
   *
   * @throws DeviceException if its status is not 0
   */
  void call(String function, Object... arguments) {
    check(function, status(function, arguments));
  }

  /** As {@link #call} does with the status that it gets. */
  void check(String function, int status) {
    if (status != 0) {
      throw new DeviceException("cuda: %s failed: %s".formatted(function, inWords(status)));
    }
  }

  /** Calls a function that writes a handle to where its only argument points. */
  long create(String function) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = arena.allocate(JAVA_LONG);
      call(function, handle);
      return handle.get(JAVA_LONG, 0);
    }
  }

  /** Calls a function and returns its status. */
  int status(String function, Object... arguments) {
    return (int) invoke(function, JAVA_INT, arguments);
  }

  private String inWords(int status) {
    MemorySegment text = (MemorySegment) invoke(words, ADDRESS, status);
    return text.reinterpret(Long.MAX_VALUE).getString(0) + " (" + status + ")";
  }

  private Object invoke(String function, MemoryLayout result, Object... arguments) {
    MethodHandle handle =
        functions.computeIfAbsent(function, name -> link(name, result, arguments));
    try {
      return handle.invokeWithArguments(arguments);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(function, e);
    }
  }

  private MethodHandle link(String function, MemoryLayout result, Object... arguments) {
    MemorySegment address =
        symbols
            .find(function)
            .orElseThrow(() -> new DeviceException("cuda: " + file + " has no " + function));
    MemoryLayout[] types =
        Stream.of(arguments).map(NativeLibrary::type).toArray(MemoryLayout[]::new);
    return Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.of(result, types));
  }

  private static MemoryLayout type(Object argument) {
    return switch (argument) {
      case Integer i -> JAVA_INT;
      case Long l -> JAVA_LONG;
      case MemorySegment m -> ADDRESS;
      default -> throw new IllegalArgumentException(argument.getClass().getName());
    };
  }
}
