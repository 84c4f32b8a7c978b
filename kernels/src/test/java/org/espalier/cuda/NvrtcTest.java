package org.espalier.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * JCuda's NVRTC part, which names CUDA 12's library, over one that calls itself CUDA 13's: gcc
 * makes it, and it "compiles" a source to a text of three lines.
 */
class NvrtcTest {
  private static final String STUB =
      """
      #include <string.h>
      static char source[1 << 16];
      int nvrtcVersion(int *major, int *minor) { *major = 13; *minor = 0; return 0; }
      int nvrtcCreateProgram(void **p, const char *src, const char *name, int n, const char *const *texts,
                             const char *const *names) {
        strcpy(source, ".version 9.0\\n.target sm_75\\n// ");
        strcat(source, n == 1 ? names[0] : "no header");
        *p = source;
        return 0;
      }
      int nvrtcCompileProgram(void *p, int n, const char *const *options) { return 0; }
      int nvrtcGetPTXSize(void *p, size_t *n) { *n = strlen(source) + 1; return 0; }
      int nvrtcGetPTX(void *p, char *to) { strcpy(to, source); return 0; }
      int nvrtcDestroyProgram(void **p) { *p = 0; return 0; }
      """;

  @TempDir(cleanup = CleanupMode.NEVER) // a library that is loaded
  private Path folder;

  @Test
  void kernelsAreCompiledByTheNextMajorVersionToTextForOldDrivers() throws IOException {
    Gcc.need();
    Path source = folder.resolve("nvrtc.c");
    Files.writeString(source, STUB);
    Path library = folder.resolve("libnvrtc.so.13");
    Gcc.run("-shared", "-fPIC", "-Wl,-soname,libnvrtc.so.13", source, "-o", library);

    assertThat(Nvrtc.find(Libraries.of(List.of(folder)))).isEqualTo(library);
    Nvrtc nvrtc = Nvrtc.load(library);
    assertThat(nvrtc.version()).isEqualTo(13000);
    byte[] ptx = nvrtc.compile("sweeps.cu", "source", Map.of("espalier.cuh", "header"), Ptx.of(75));
    assertThat(new String(ptx, StandardCharsets.US_ASCII))
        .isEqualTo(".version 6.4\n.target sm_75\n// espalier.cuh\0");
  }
}
