package org.espalier.cuda;

import static jcuda.driver.JCudaDriver.cuGetErrorName;
import static jcuda.driver.JCudaDriver.cuGetErrorString;

/** A call of the driver that failed: one line that says which, and what the driver calls it. */
final class CudaException extends RuntimeException {
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

  static CudaException of(int code, String doing) {
    String[] name = {null};
    String[] text = {null};
    cuGetErrorName(code, name);
    cuGetErrorString(code, text);
    return new CudaException(
        code,
        "%s failed: %s (%s)"
            .formatted(
                doing,
                text[0] == null ? "unknown error" : text[0],
                name[0] == null ? Integer.toString(code) : name[0]));
  }

  static void check(int code, String doing) {
    if (code != 0) {
      throw of(code, doing);
    }
  }
}
