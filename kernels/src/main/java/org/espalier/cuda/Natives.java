package org.espalier.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import jcuda.JCudaVersion;
import jcuda.LibUtils;
import org.espalier.backend.DeviceException;

/**
 * JCuda's native parts, unpacked once into a cache folder of ours, and there made to need the
 * libraries that this machine has. JCuda itself would unpack them into the folder for temporary
 * files, and takes what lies there already.
 */
final class Natives {
  /** The cache folder, in place of the one below the user's. */
  static final String PROPERTY = "espalier.cache";

  private Natives() {}

  /**
   * Initialises a class of JCuda, whose native part may need a library under another name.
   *
   * @param type the class
   * @param library its native part, such as {@code JNvrtc}
   * @param from a name that it needs
   * @param to what this machine has in its place; may be the same
   */
  static void load(Class<?> type, String library, String from, String to) {
    try {
      Path folder =
          Files.createDirectories(
              cache().resolve("jcuda-" + JCudaVersion.get() + (from.equals(to) ? "" : "-" + to)));
      String platform = LibUtils.createPlatformLibraryName(library + "-" + JCudaVersion.get());
      String file = LibUtils.createLibraryFileName(platform);
      if (!Files.exists(folder.resolve(file))) {
        unpack(type, file, folder, from, to);
      }
      initialise(type, folder);
    } catch (IOException e) {
      throw new DeviceException("cuda: cannot unpack " + library + ": " + e);
    }
  }

  private static void unpack(Class<?> type, String file, Path folder, String from, String to)
      throws IOException {
    byte[] library;
    try (InputStream in = type.getResourceAsStream("/lib/" + file)) {
      if (in == null) {
        throw new DeviceException("cuda: " + file + " is not on the class path");
      }
      library = in.readAllBytes();
    }
    Path temporary = Files.createTempFile(folder, file, ".new");
    Files.write(temporary, from.equals(to) ? library : Elf.rename(library, from, to));
    Files.move(temporary, folder.resolve(file), StandardCopyOption.ATOMIC_MOVE);
  }

  private static void initialise(Class<?> type, Path folder) {
    String before = System.getProperty("java.io.tmpdir");
    System.setProperty("java.io.tmpdir", folder.toString());
    try {
      Class.forName(type.getName(), true, type.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    } catch (LinkageError e) {
      throw new DeviceException(
          "cuda: cannot load " + type.getSimpleName() + ": " + String.valueOf(root(e)));
    } finally {
      System.setProperty("java.io.tmpdir", before);
    }
  }

  /** The first line of what the loader said. */
  private static String root(Throwable thrown) {
    String message = String.valueOf(thrown.getMessage());
    return message
        .lines()
        .filter(line -> line.contains(".so"))
        .reduce((first, second) -> second)
        .orElse(message.lines().findFirst().orElse(thrown.toString()))
        .strip();
  }

  static Path cache() {
    String property = System.getProperty(PROPERTY);
    if (property != null) {
      return Path.of(property);
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path user =
        xdg == null || xdg.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(xdg);
    return user.resolve("espalier");
  }
}
