package org.espalier.cuda;

import jcuda.driver.CUdeviceptr;

/** A device pointer whose address can be asked. */
final class DevicePointer extends CUdeviceptr {
  DevicePointer() {}

  private DevicePointer(DevicePointer base, long byteOffset) {
    super(base, byteOffset);
  }

  long address() {
    return getNativePointer() + getByteOffset();
  }

  DevicePointer at(long address) {
    return new DevicePointer(this, address - getNativePointer());
  }
}
