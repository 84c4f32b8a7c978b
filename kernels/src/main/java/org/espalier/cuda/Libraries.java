package org.espalier.cuda;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.espalier.InputException;
import org.jspecify.annotations.Nullable;

/**
 * Where NVIDIA's libraries are. They are looked for in this order: what the system property or the
 * environment names, the CUDA toolkits, the system's folders, what Python packages bring along.
 */
final class Libraries {
  /** Folders to look in before all others, separated as in a path. */
  static final String PROPERTY = "espalier.cuda.path";

  /** As {@link #PROPERTY}. */
  static final String ENVIRONMENT = "ESPALIER_CUDA_PATH";

  private static final List<String> SYSTEM =
      List.of("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib");

  private final List<Path> folders;

  private Libraries(List<Path> folders) {
    this.folders = folders;
  }

  /** Those of this machine. */
  static Libraries ofThisMachine() {
    List<Path> all = named();
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
      for (Path home : paths(System.getenv(variable))) {
        toolkit(home, all);
      }
    }
    all.addAll(paths(System.getenv("LD_LIBRARY_PATH")));
    toolkit(Path.of("/usr/local/cuda"), all);
    matching(Path.of("/usr/local"), "cuda-*").forEach(home -> toolkit(home, all));
    toolkit(Path.of("/opt/cuda"), all);
    SYSTEM.forEach(folder -> all.add(Path.of(folder)));
    all.addAll(python());
    return of(all);
  }

  /** Those in some folders. */
  static Libraries of(List<Path> folders) {
    return new Libraries(new LinkedHashSet<>(folders).stream().filter(Files::isDirectory).toList());
  }

  private static List<Path> named() {
    List<Path> named = new ArrayList<>(paths(System.getProperty(PROPERTY)));
    named.addAll(paths(System.getenv(ENVIRONMENT)));
    return named;
  }

  /**
   * The driver's library; null if this machine has none. It comes with the driver, not with CUDA,
   * so that the system's folders are enough, and most machines are told apart in no time.
   */
  static @Nullable Path driver() {
    List<Path> places = named();
    places.addAll(paths(System.getenv("LD_LIBRARY_PATH")));
    SYSTEM.forEach(folder -> places.add(Path.of(folder)));
    places.add(Path.of("/usr/lib/wsl/lib"));
    places.add(Path.of("/usr/local/nvidia/lib64"));
    places.add(Path.of("/run/opengl-driver/lib"));
    return first(places, "libcuda.so.1");
  }

  /**
   * A library of CUDA 12 or, where there is none, 13.
   *
   * @param name such as {@code libcublas.so}
   */
  @Nullable Path cuda(String name) {
    Path found = first(folders, name + ".12");
    return found == null ? first(folders, name + ".13") : found;
  }

  /** The library of that name and version; null if there is none. */
  @Nullable Path exactly(String name) {
    return first(folders, name);
  }

  /** The library in a folder whose name begins so, the newest; null if there is none. */
  static @Nullable Path beside(Path library, String begin) {
    Path folder = library.getParent();
    return folder == null ? null : matching(folder, begin + "*").findFirst().orElse(null);
  }

  /**
   * The library that was looked for.
   *
   * @param option of the device that wants it
   * @param names it may have
   * @throws InputException if it was not found
   */
  static Path require(@Nullable Path found, String option, String names) {
    if (found == null) {
      throw new InputException(
          "device cuda,%s: found no %s in CUDA's folders, the system's and Python's: name its folder in %s, or take --device cuda"
              .formatted(option, names, ENVIRONMENT));
    }
    return found;
  }

  private static @Nullable Path first(List<Path> folders, String name) {
    return folders.stream()
        .map(folder -> folder.resolve(name))
        .filter(Files::isRegularFile)
        .findFirst()
        .orElse(null);
  }

  private static void toolkit(Path home, List<Path> to) {
    to.add(home.resolve("lib64"));
    to.add(home.resolve("targets/x86_64-linux/lib"));
    to.add(home.resolve("lib"));
  }

  /** NVIDIA's wheels and PyTorch, in the environments that are active and on the system. */
  private static List<Path> python() {
    Set<Path> homes = new LinkedHashSet<>();
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      homes.addAll(paths(System.getenv(variable)));
    }
    for (Path folder : paths(System.getenv("PATH"))) {
      if (Files.isExecutable(folder.resolve("python3")) && folder.getParent() != null) {
        homes.add(folder.getParent());
      }
    }
    homes.addAll(List.of(Path.of("/usr/local"), Path.of("/usr")));
    homes.add(Path.of(System.getProperty("user.home"), ".local"));
    List<Path> found = new ArrayList<>();
    for (Path home : homes) {
      matching(home.resolve("lib"), "python3*")
          .flatMap(lib -> Stream.of(lib.resolve("site-packages"), lib.resolve("dist-packages")))
          .forEach(
              packages -> {
                matching(packages.resolve("nvidia"), "*")
                    .map(each -> each.resolve("lib"))
                    .forEach(found::add);
                found.add(packages.resolve("torch/lib"));
              });
    }
    return found;
  }

  private static List<Path> paths(@Nullable String list) {
    return list == null
        ? List.of()
        : Stream.of(list.split(File.pathSeparator))
            .filter(each -> !each.isBlank())
            .map(Path::of)
            .toList();
  }

  /** The newest first, as far as names tell. */
  private static Stream<Path> matching(Path folder, String glob) {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (var files = Files.newDirectoryStream(folder, glob)) {
        files.forEach(found::add);
      } catch (IOException e) {
        // A folder that cannot be read has nothing for us.
      }
    }
    return found.stream().sorted(Comparator.reverseOrder());
  }
}
