package org.espalier.cuda;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Finds the driver's library and loads it before JCuda's, which then need not look for it. */
final class Driver {
  /** Where to find libcuda, before all other places: a file. */
  static final String PROPERTY = "espalier.libcuda";

  private static boolean loaded;

  private Driver() {}

  static synchronized void load() {
    if (loaded) {
      return;
    }
    @Nullable String path = System.getProperty(PROPERTY);
    if (path != null) {
      System.load(Path.of(path).toAbsolutePath().toString());
    }
    jcuda.driver.JCudaDriver.setExceptionsEnabled(false);
    loaded = true;
  }
}
