package org.espalier.cuda;

import jcuda.driver.CUdevice_attribute;
import org.espalier.backend.DeviceException;

/**
 * How the back end computes.
 *
 * @param tf32 whether convolutions with one group and products go to the tensor cores, forward and
 *     backward: these keep 10 bits of the factors' mantissa, and sum in float
 */
record CudaOptions(boolean tf32) {
  static final CudaOptions DEFAULT = new CudaOptions(false);

  private static final String TF32 = "espalier.cuda.tf32";

  /**
   * What this JVM's properties say: {@code -Despalier.cuda.tf32=true}.
   *
   * @throws DeviceException if the device has no such tensor cores
   */
  static CudaOptions of(Device device) {
    int major = CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR;
    CudaOptions options = new CudaOptions(Boolean.getBoolean(TF32));
    if (options.tf32 && device.attribute(major) < 8) {
      throw new DeviceException(
          "cuda: "
              + device.name()
              + " has no TF32: it needs compute capability 8.0; leave out -D"
              + TF32);
    }
    return options;
  }
}
