package org.espalier.cuda;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.espalier.backend.Buffer;
import org.jspecify.annotations.Nullable;

/** cuBLAS, of CUDA 12 or 13: products of matrices, row by row as ours are. */
final class Cublas implements AutoCloseable {
  private static final String NAME = "libcublas.so";
  private static final String GEMM = "cublasSgemm_v2";
  private static final int DEFAULT_MATH = 0;
  private static final int TF32_TENSOR_OP_MATH = 3;

  private final Launch launch;
  private final NativeLibrary library;
  private final long handle;
  private final int number;

  /**
   * Loads and starts it.
   *
   * @param workspace what it may write to while it computes
   * @throws org.espalier.InputException if this machine has none
   * @throws org.espalier.backend.DeviceException if it does not start
   */
  Cublas(Device device, Libraries libraries, CudaBuffer workspace, boolean tf32) {
    launch = device.launch();
    Libraries.require(find(libraries), "cublas", NAME + ".12, " + NAME + ".13");
    library = NativeLibrary.of(files(libraries), "cublasGetStatusString");
    handle = library.create("cublasCreate_v2");
    library.call("cublasSetStream_v2", handle, device.streamAddress()); // forgets the workspace
    library.call(
        "cublasSetWorkspace_v2", handle, CudaBuffer.address(workspace), 4L * workspace.size());
    library.call("cublasSetMathMode", handle, tf32 ? TF32_TENSOR_OP_MATH : DEFAULT_MATH);
    number = device.queue().add(GEMM, this::issue);
  }

  /** Its library; null if this machine has none. */
  static @Nullable Path find(Libraries libraries) {
    return libraries.cuda(NAME);
  }

  /** Its library behind the other that it consists of; none if this machine has none. */
  static List<Path> files(Libraries libraries) {
    Path library = find(libraries);
    if (library == null) {
      return List.of();
    }
    String version = String.valueOf(library.getFileName()).substring(NAME.length());
    Path light = Libraries.beside(library, "libcublasLt.so" + version);
    return light == null ? List.of(library) : List.of(light, library);
  }

  /** c [m, n] (+)= a b, of which each may be stored transposed: as Backend.gemm. */
  void gemm(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      Buffer a,
      Buffer b,
      Buffer c,
      boolean add) {
    launch.begin().reads(a).reads(b).writes(c).bool(transposeA).bool(transposeB);
    launch.i32(m).i32(n).i32(k).bool(add).call(number);
  }

  /** Column by column, as the library reads them, our matrices are transposed: c^T = b^T a^T. */
  private void issue(ByteBuffer arguments, int at) {
    int transposeA = arguments.getInt(at + 24);
    int transposeB = arguments.getInt(at + 28);
    int m = arguments.getInt(at + 32);
    int n = arguments.getInt(at + 36);
    int k = arguments.getInt(at + 40);
    library.call(
        GEMM,
        handle,
        transposeB,
        transposeA,
        n,
        m,
        k,
        NativeLibrary.factor(true),
        arguments.getLong(at + 8),
        transposeB != 0 ? k : n,
        arguments.getLong(at),
        transposeA != 0 ? m : k,
        NativeLibrary.factor(arguments.getInt(at + 44) != 0),
        arguments.getLong(at + 16),
        n);
  }

  @Override
  public void close() {
    library.status("cublasDestroy_v2", handle);
  }
}
