package org.espalier.cuda;

import java.util.List;
import jcuda.driver.CUdevice_attribute;
import org.espalier.InputException;

/**
 * How the back end computes.
 *
 * @param tf32 whether convolutions with one group and products go to the tensor cores, forward and
 *     backward: these keep 10 bits of the factors' mantissa, and sum in float
 */
record CudaOptions(boolean tf32) {
  static final CudaOptions DEFAULT = new CudaOptions(false);

  private static final String TF32 = "tf32";

  /** What may stand behind the device's name. */
  static final List<String> NAMES = List.of(TF32);

  static CudaOptions of(List<String> names) {
    return new CudaOptions(names.contains(TF32));
  }

  /** The device's name with them. */
  String text() {
    return tf32 ? "cuda," + TF32 : "cuda";
  }

  /**
   * Returns if the device can compute so.
   *
   * @throws InputException if it has no such tensor cores
   */
  void require(Device device) {
    int major = device.attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    if (tf32 && major < 8) {
      throw new InputException(
          "device cuda,tf32: %s is of compute capability %d, TF32 needs 8: take --device cuda"
              .formatted(device.name(), major));
    }
  }
}
