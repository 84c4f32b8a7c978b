package org.espalier.cuda;

import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoadData;
import static jcuda.driver.JCudaDriver.cuModuleUnload;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import org.espalier.backend.DeviceException;
import org.jspecify.annotations.Nullable;

/** The modules that the kernels are in, one to a source file, loaded when they are first wanted. */
final class Kernels implements AutoCloseable {
  /** A file to load in place of every module; the emulator knows kernels by name alone. */
  static final String IMAGE = "espalier.cuda.image";

  private final Ptx texts;
  private final Map<String, CUmodule> modules = new HashMap<>();
  private @Nullable Nvrtc nvrtc;
  private final Map<String, Kernel> kernels = new HashMap<>();

  /**
   * @param capability of the device, as 90 for 9.0
   */
  Kernels(int capability) {
    texts = Ptx.of(capability);
  }

  Kernel get(String file, String name) {
    return kernels.computeIfAbsent(
        name,
        absent -> {
          CUfunction function = new CUfunction();
          CudaException.check(
              cuModuleGetFunction(function, modules.computeIfAbsent(file, this::load), name),
              "looking for the kernel " + name);
          return new Kernel(name, function);
        });
  }

  /**
   * A driver older than the compiler may refuse its binaries, and not every device has one: the
   * driver then compiles the text.
   */
  private CUmodule load(String file) {
    CUmodule module = new CUmodule();
    try {
      byte[] binary = binary(file);
      if (binary == null || cuModuleLoadData(module, binary) != 0) {
        byte[] text = resource(texts.file(file));
        CudaException.check(
            cuModuleLoadData(module, text == null ? compile(file) : Ptx.ended(text)),
            "loading the kernels " + file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return module;
  }

  private static byte @Nullable [] binary(String file) throws IOException {
    String path = System.getProperty(IMAGE);
    return path == null ? resource(file + ".fatbin") : Files.readAllBytes(Path.of(path));
  }

  private byte[] compile(String file) throws IOException {
    if (nvrtc == null) {
      Path library = Nvrtc.find(Libraries.ofThisMachine());
      if (library == null) {
        throw new DeviceException(
            "cuda: the kernels were not compiled when this was built, and there is no NVRTC to do"
                + " it now: install CUDA's, or build where nvcc is");
      }
      nvrtc = Nvrtc.load(library);
    }
    return nvrtc.compile(file + ".cu", text(file + ".cu"), headers(), texts);
  }

  private static Map<String, String> headers() throws IOException {
    Map<String, String> headers = new TreeMap<>();
    for (String name : text("kernels.list").lines().toList()) {
      if (name.endsWith(".cuh")) {
        headers.put(name, text(name));
      }
    }
    return headers;
  }

  /** Whether nvcc compiled the kernels when this was built. */
  static boolean compiled() {
    try {
      return text("kernels.list")
          .lines()
          .filter(name -> name.endsWith(".cu"))
          .allMatch(name -> Kernels.class.getResource("kernels/" + stem(name)) != null);
    } catch (IOException e) {
      return false;
    }
  }

  private static String stem(String source) {
    return source.substring(0, source.length() - ".cu".length()) + ".fatbin";
  }

  private static String text(String name) throws IOException {
    byte[] bytes = resource(name);
    if (bytes == null) {
      throw new IOException(name + " is not on the class path");
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte @Nullable [] resource(String name) throws IOException {
    try (InputStream in = Kernels.class.getResourceAsStream("kernels/" + name)) {
      return in == null ? null : in.readAllBytes();
    }
  }

  @Override
  public void close() {
    modules.values().forEach(module -> cuModuleUnload(module));
    modules.clear();
    kernels.clear();
  }
}
