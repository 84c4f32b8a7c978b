package org.espalier.cuda;

import static jcuda.driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
import static jcuda.driver.JCudaDriver.cuFuncSetAttribute;

import jcuda.driver.CUfunction;

/** A kernel of a loaded module. */
final class Kernel {
  private final String name;
  private final CUfunction function;
  private int id = -1;
  private int sharedLimit = 48 * 1024;

  Kernel(String name, CUfunction function) {
    this.name = name;
    this.function = function;
  }

  String name() {
    return name;
  }

  CUfunction function() {
    return function;
  }

  /** Its number in the queue; -1 if it has none yet. */
  int id() {
    return id;
  }

  void id(int number) {
    id = number;
  }

  /** The dynamic shared memory that it may take now. */
  int sharedLimit() {
    return sharedLimit;
  }

  /** More than 48 KiB must be asked for once. */
  void allowShared(int bytes) {
    CudaException.check(
        cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes),
        "asking for " + bytes + " bytes of shared memory for " + name);
    sharedLimit = bytes;
  }
}
