package org.espalier.cuda;

import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoadData;
import static jcuda.driver.JCudaDriver.cuModuleUnload;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import org.jspecify.annotations.Nullable;

/** The modules that the kernels are in, one to a source file, loaded when they are first wanted. */
final class Kernels implements AutoCloseable {
  /** A file to load in place of every module; the emulator knows kernels by name alone. */
  static final String IMAGE = "espalier.cuda.image";

  private final Map<String, CUmodule> modules = new HashMap<>();
  private final Map<String, Kernel> kernels = new HashMap<>();

  Kernel get(String file, String name) {
    return kernels.computeIfAbsent(
        name,
        absent -> {
          CUfunction function = new CUfunction();
          CudaException.check(
              cuModuleGetFunction(function, modules.computeIfAbsent(file, Kernels::load), name),
              "looking for the kernel " + name);
          return new Kernel(name, function);
        });
  }

  private static CUmodule load(String file) {
    CUmodule module = new CUmodule();
    CudaException.check(cuModuleLoadData(module, image(file)), "loading the kernels " + file);
    return module;
  }

  private static byte[] image(String file) {
    @Nullable String path = System.getProperty(IMAGE);
    try {
      if (path != null) {
        return Files.readAllBytes(Path.of(path));
      }
      try (InputStream in = Kernels.class.getResourceAsStream("kernels/" + file + ".fatbin")) {
        if (in == null) {
          throw new IllegalStateException("no compiled kernels " + file);
        }
        return in.readAllBytes();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    modules.values().forEach(module -> cuModuleUnload(module));
    modules.clear();
    kernels.clear();
  }
}
