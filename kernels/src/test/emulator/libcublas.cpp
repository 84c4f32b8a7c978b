// What we call of cuBLAS, on the emulator's streams, as plain loops. It refuses what cuBLAS refuses, and what would not
// go well on a GPU: to be captured without a workspace of the caller's, and memory that the device does not have.
#include <cstdint>
#include <cstring>

#include "nvidia.h"
#include "stream.h"

struct cublasContext {
  cudaStream_t stream;
  void* workspace;
  size_t bytes;
  cublasMath_t math;
};

namespace {
cublasStatus_t failing(const char* call) {
  int error = emu::injected(call);
  return error >= 700 ? CUBLAS_STATUS_INTERNAL_ERROR : (cublasStatus_t)error;
}

/** Floats from the first to the last of a matrix of that many columns. */
size_t extent(int columns, int lead, int rows) { return 4 * ((size_t)(columns - 1) * lead + rows); }
}  // namespace

extern "C" {
cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  if (auto error = failing("cublasCreate_v2")) return error;
  *handle = new cublasContext{};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  handle->workspace = nullptr;  // as documented: back to one of its own
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, size_t bytes) {
  if ((uintptr_t)workspace % 256 || !emu::on_device(workspace, bytes)) return CUBLAS_STATUS_INVALID_VALUE;
  handle->workspace = workspace;
  handle->bytes = bytes;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t math) {
  handle->math = math;
  return CUBLAS_STATUS_SUCCESS;
}
const char* cublasGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_EXECUTION_FAILED ? "the function failed to launch on the GPU" : "an internal operation failed";
}

/** C [m, n] = alpha op(A) op(B) + beta C, column by column. */
cublasStatus_t cublasSgemm_v2(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
                              const float* alpha, const float* A, int lda, const float* B, int ldb, const float* beta, float* C,
                              int ldc) {
  if (auto error = failing("cublasSgemm_v2")) return error;
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  bool at = transa != CUBLAS_OP_N, bt = transb != CUBLAS_OP_N;
  if (m < 0 || n < 0 || k < 0 || !alpha || !beta || lda < (at ? k : m) || ldb < (bt ? n : k) || ldc < m) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (emu::capturing(handle->stream) && !handle->workspace) return CUBLAS_STATUS_INTERNAL_ERROR;
  if (!emu::on_device(A, extent(at ? m : k, lda, at ? k : m)) || !emu::on_device(B, extent(bt ? k : n, ldb, bt ? n : k)) ||
      !emu::on_device(C, extent(n, ldc, m))) {
    return CUBLAS_STATUS_EXECUTION_FAILED;
  }
  float a = *alpha, b = *beta;
  bool round = handle->math == CUBLAS_TF32_TENSOR_OP_MATH;
  int error = emu::submit(handle->stream, "cublasSgemm_v2", [=] {
    if (handle->workspace) std::memset(handle->workspace, 0xFF, handle->bytes < 4096 ? handle->bytes : 4096);
    for (int j = 0; j < n; j++) {
      for (int i = 0; i < m; i++) {
        double sum = 0;
        for (int l = 0; l < k; l++) {
          float x = A[at ? (size_t)i * lda + l : (size_t)l * lda + i], y = B[bt ? (size_t)l * ldb + j : (size_t)j * ldb + l];
          sum += round ? (double)tf32(x) * tf32(y) : (double)x * y;
        }
        float& c = C[(size_t)j * ldc + i];
        c = (float)(a * sum + (b == 0 ? 0 : b * (double)c));
      }
    }
  });
  return error ? CUBLAS_STATUS_EXECUTION_FAILED : CUBLAS_STATUS_SUCCESS;
}
}
