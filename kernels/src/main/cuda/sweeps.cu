// Element by element over flat memory.
#include "espalier.cuh"

// y = a*x + b*y; with b = 0, y is not read.
KERNEL axpby(float a, const float* x, float b, float* y, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    y[i] = b == 0 ? a * x[i] : a * x[i] + b * y[i];
  }
}

// y = a*x, with a of the step.
KERNEL scale_by_step(const float* a, const float* x, float* y, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    y[i] = *a * x[i];
  }
}
