package org.espalier.cuda;

import static jcuda.driver.JCudaDriver.cuDriverGetVersion;
import static jcuda.driver.JCudaDriver.cuInit;

import java.nio.file.Files;
import java.nio.file.Path;
import jcuda.driver.JCudaDriver;
import org.espalier.backend.DeviceException;
import org.jspecify.annotations.Nullable;

/**
 * NVIDIA's driver. Its library is loaded by its path before JCuda's, which then need not look for
 * it.
 */
final class Driver {
  /** The driver's library, in place of the one that would be found: a file. */
  static final String PROPERTY = "espalier.libcuda";

  /** The first driver with all that we call: JCuda makes graphs by a function of its time. */
  private static final int OLDEST = 11_040;

  private static @Nullable Path loaded;

  private Driver() {}

  /** The driver's library; null if this machine has none. */
  static @Nullable Path find() {
    String property = System.getProperty(PROPERTY);
    if (property == null) {
      return Libraries.driver();
    }
    Path file = Path.of(property);
    return Files.exists(file) ? file : null;
  }

  /**
   * Loads and starts it.
   *
   * @throws DeviceException if there is none, it is too old, or it does not start
   */
  static synchronized void start() {
    if (loaded == null) {
      Path library = find();
      if (library == null) {
        throw new DeviceException("cuda: no NVIDIA driver found (libcuda.so.1); install one");
      }
      try {
        System.load(library.toAbsolutePath().toString());
      } catch (UnsatisfiedLinkError e) {
        throw new DeviceException("cuda: cannot load " + library + ": " + e.getMessage());
      }
      Natives.load(JCudaDriver.class, "JCudaDriver", "libcuda.so.1", "libcuda.so.1");
      JCudaDriver.setExceptionsEnabled(false);
      loaded = library;
    }
    CudaException.check(cuInit(0), "starting the driver");
    if (version() < OLDEST) {
      throw new DeviceException(
          "cuda: the driver is for CUDA "
              + format(version())
              + "; at least "
              + format(OLDEST)
              + " is needed: install a newer driver");
    }
  }

  /** The CUDA version that the driver is made for, as 12060 for 12.6. */
  static int version() {
    int[] version = new int[1];
    cuDriverGetVersion(version);
    return version[0];
  }

  static String format(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }
}
