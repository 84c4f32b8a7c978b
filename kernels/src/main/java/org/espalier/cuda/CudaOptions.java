package org.espalier.cuda;

/**
 * How the back end computes.
 *
 * @param tf32 whether products of many channels go to the tensor cores, which keep 10 bits of the
 *     factors' mantissa; needs a GPU of compute capability 8.0
 */
record CudaOptions(boolean tf32) {
  static final CudaOptions DEFAULT = new CudaOptions(false);
}
