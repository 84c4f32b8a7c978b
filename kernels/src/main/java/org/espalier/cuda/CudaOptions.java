package org.espalier.cuda;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jcuda.driver.CUdevice_attribute;
import org.espalier.InputException;

/**
 * How the back end computes.
 *
 * @param tf32 whether convolutions with one group and products go to the tensor cores, forward and
 *     backward: these keep 10 bits of the factors' mantissa, and sum in float
 * @param cublas whether products and pointwise convolutions are cuBLAS's
 * @param cudnn whether the other convolutions with one group are cuDNN's
 */
record CudaOptions(boolean tf32, boolean cublas, boolean cudnn) {
  static final CudaOptions DEFAULT = new CudaOptions(false, false, false);

  private static final String TF32 = "tf32";
  private static final String CUBLAS = "cublas";
  private static final String CUDNN = "cudnn";

  /** What may stand behind the device's name. */
  static final List<String> NAMES = List.of(TF32, CUBLAS, CUDNN);

  static CudaOptions of(List<String> names) {
    return new CudaOptions(names.contains(TF32), names.contains(CUBLAS), names.contains(CUDNN));
  }

  /** Whether libraries are used. */
  boolean libraries() {
    return cublas || cudnn;
  }

  /** The device's name with them. */
  String text() {
    return Stream.of("cuda", tf32 ? TF32 : "", cublas ? CUBLAS : "", cudnn ? CUDNN : "")
        .filter(name -> !name.isEmpty())
        .collect(Collectors.joining(","));
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
