package org.espalier.cuda;

import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerCompile;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerCreate;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerDestroy;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetCompiledProgramSize;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetErrorLog;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetErrorLogSize;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * The PTX that the jar carries, whose header was lowered, is accepted by NVIDIA's PTX compiler of
 * CUDA 12.0, which knows nothing of the nvcc that wrote it. It needs no GPU.
 */
class PtxTest {
  private static final Path FOLDER = Path.of(System.getProperty("espalier.ptx", "none"));

  @Test
  void anOlderCompilerTakesTheText() throws IOException {
    Assumptions.assumeTrue(
        Files.isDirectory(FOLDER) && any(), "nvcc was not there to compile the kernels");
    JNvPTXCompiler.setExceptionsEnabled(false);
    try (Stream<Path> files = Files.list(FOLDER)) {
      Path[] texts =
          files.filter(file -> file.toString().endsWith(".ptx")).sorted().toArray(Path[]::new);
      assertThat(texts).isNotEmpty();
      for (Path file : texts) {
        byte[] text = Files.readAllBytes(file);
        boolean old = file.toString().endsWith(Ptx.of(75).file(""));
        assertThat(new String(text, StandardCharsets.US_ASCII))
            .contains(
                old ? ".version 6.4\n" : ".version 7.0\n", old ? ".target sm_75" : ".target sm_80");
        assertThat(compiled(file, text)).as(file.toString()).isPositive();
      }
    }
  }

  private static boolean any() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.findAny().isPresent();
    }
  }

  /** Bytes of the program for an H100. */
  private static long compiled(Path file, byte[] text) {
    byte[] ended = Arrays.copyOf(text, text.length + 1);
    nvPTXCompilerHandle compiler = new nvPTXCompilerHandle();
    assertThat(nvPTXCompilerCreate(compiler, ended.length, ended)).isZero();
    String[] options = {"--gpu-name=sm_90", "--opt-level=0"};
    if (nvPTXCompilerCompile(compiler, options.length, options) != 0) {
      long[] size = new long[1];
      nvPTXCompilerGetErrorLogSize(compiler, size);
      byte[] log = new byte[(int) size[0] + 1];
      nvPTXCompilerGetErrorLog(compiler, log);
      fail(file + ": " + new String(log, StandardCharsets.US_ASCII));
    }
    long[] size = new long[1];
    nvPTXCompilerGetCompiledProgramSize(compiler, size);
    nvPTXCompilerDestroy(compiler);
    return size[0];
  }
}
