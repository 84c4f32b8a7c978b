package org.espalier.cuda;

import static jcuda.nvrtc.JNvrtc.nvrtcCompileProgram;
import static jcuda.nvrtc.JNvrtc.nvrtcCreateProgram;
import static jcuda.nvrtc.JNvrtc.nvrtcDestroyProgram;
import static jcuda.nvrtc.JNvrtc.nvrtcGetErrorString;
import static jcuda.nvrtc.JNvrtc.nvrtcGetPTX;
import static jcuda.nvrtc.JNvrtc.nvrtcGetProgramLog;
import static jcuda.nvrtc.JNvrtc.nvrtcVersion;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import jcuda.nvrtc.JNvrtc;
import jcuda.nvrtc.nvrtcProgram;
import jcuda.nvrtc.nvrtcResult;
import org.espalier.backend.DeviceException;
import org.jspecify.annotations.Nullable;

/**
 * NVIDIA's compiler as a library: compiles the kernels on the machine that runs them, where they
 * were not when the jar was built.
 */
final class Nvrtc {
  /** JCuda's native part names this one. */
  private static final String NAME = "libnvrtc.so";

  private final int version;

  private Nvrtc(int version) {
    this.version = version;
  }

  /** Its library; null if this machine has none. */
  static @Nullable Path find(Libraries libraries) {
    return libraries.cuda(NAME);
  }

  /** Its library behind the other that it consists of. */
  static List<Path> files(@Nullable Path library) {
    if (library == null) {
      return List.of();
    }
    Path builtins = Libraries.beside(library, "libnvrtc-builtins.so.");
    return builtins == null ? List.of(library) : List.of(builtins, library);
  }

  /**
   * Loads it.
   *
   * @param library what {@link #find} found
   * @throws DeviceException if it cannot be
   */
  static Nvrtc load(Path library) {
    NativeLibrary.load(files(library));
    Natives.load(JNvrtc.class, "JNvrtc", NAME + ".12", String.valueOf(library.getFileName()));
    JNvrtc.setExceptionsEnabled(false);
    int[] major = new int[1];
    int[] minor = new int[1];
    nvrtcVersion(major, minor);
    return new Nvrtc(1000 * major[0] + 10 * minor[0]);
  }

  /** As 12060 for 12.6. */
  int version() {
    return version;
  }

  /**
   * Compiles a file of kernels to a text that drivers older than this take too.
   *
   * @param headers by the name that they are included by
   * @throws DeviceException if it does not compile
   */
  byte[] compile(String name, String source, Map<String, String> headers, Ptx form) {
    nvrtcProgram program = new nvrtcProgram();
    check(
        nvrtcCreateProgram(
            program,
            source,
            name,
            headers.size(),
            headers.values().toArray(String[]::new),
            headers.keySet().toArray(String[]::new)),
        name);
    String[] options = {"--gpu-architecture=compute_" + form.target(), "-std=c++17"};
    int result = nvrtcCompileProgram(program, options.length, options);
    if (result != nvrtcResult.NVRTC_SUCCESS) {
      String[] log = {""};
      nvrtcGetProgramLog(program, log);
      String first = log[0].lines().findFirst().orElse(nvrtcGetErrorString(result));
      throw new DeviceException("cuda: NVRTC cannot compile " + name + ": " + first);
    }
    String[] ptx = {""};
    check(nvrtcGetPTX(program, ptx), name);
    nvrtcDestroyProgram(program);
    return Ptx.ended(form.lowered(ptx[0]).getBytes(StandardCharsets.US_ASCII));
  }

  private static void check(int result, String name) {
    if (result != nvrtcResult.NVRTC_SUCCESS) {
      throw new DeviceException(
          "cuda: NVRTC failed on " + name + ": " + nvrtcGetErrorString(result));
    }
  }
}
