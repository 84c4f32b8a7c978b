package org.espalier.cuda;

import static jcuda.driver.JCudaDriver.cuGetErrorName;
import static jcuda.driver.JCudaDriver.cuGetErrorString;

import jcuda.driver.CUresult;
import org.espalier.backend.DeviceException;

/** A call of the driver that failed: one line that says which, why, and what to do. */
final class CudaException extends DeviceException {
  private static final long serialVersionUID = 1L;
  private final int code;

  private CudaException(int code, String message) {
    super(message);
    this.code = code;
  }

  /** The driver's number of the error. */
  int code() {
    return code;
  }

  /** Whether it says no more than that a graph cannot be: there is no room, or it has no way. */
  boolean refusesGraphs() {
    return code == CUresult.CUDA_ERROR_OUT_OF_MEMORY
        || code == CUresult.CUDA_ERROR_NOT_SUPPORTED
        || code >= CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
            && code <= CUresult.CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
  }

  static CudaException of(int code, String doing) {
    String[] name = {null};
    String[] text = {null};
    cuGetErrorName(code, name);
    cuGetErrorString(code, text);
    return new CudaException(
        code,
        "cuda: %s failed: %s (%s)%s"
            .formatted(
                doing,
                text[0] == null ? "unknown error" : text[0],
                name[0] == null ? Integer.toString(code) : name[0],
                remedy(code)));
  }

  /** What the person at the terminal can do. */
  private static String remedy(int code) {
    return switch (code) {
      case CUresult.CUDA_ERROR_OUT_OF_MEMORY ->
          ": take a smaller batch, or free memory on the device";
      case CUresult.CUDA_ERROR_NO_DEVICE, CUresult.CUDA_ERROR_INVALID_DEVICE ->
          ": this machine shows no NVIDIA GPU; take --device simd";
      case CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION, CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU ->
          ": install a newer driver";
      case CUresult.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH ->
          ": the driver was updated while it ran; start the machine again";
      case CUresult.CUDA_ERROR_SYSTEM_NOT_READY ->
          ": where GPUs are joined by NVSwitch, start nvidia-fabricmanager";
      case CUresult.CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE ->
          ": LD_LIBRARY_PATH leads to a libcuda.so.1 of CUDA's compat folder; leave that out";
      case CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE ->
          ": another process has it for itself; nvidia-smi shows which";
      case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
          CUresult.CUDA_ERROR_LAUNCH_FAILED,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
          CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION ->
          ": a kernel faulted; that is a bug here or a failing device; the last checkpoint is"
              + " intact, continue with --resume";
      case CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
          CUresult.CUDA_ERROR_UNKNOWN,
          CUresult.CUDA_ERROR_DEINITIALIZED,
          CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED ->
          ": the device was lost; the last checkpoint is intact, continue with --resume once"
              + " nvidia-smi shows it again";
      default -> "";
    };
  }

  static void check(int code, String doing) {
    if (code != 0) {
      throw of(code, doing);
    }
  }
}
