// What all kernels share. The same text is compiled by nvcc, by NVRTC and, for the emulator, by g++.
#pragma once

// Dynamic shared memory: `DYNAMIC_SHARED(float, tile);` declares `float* tile`.
#ifndef ESPALIER_EMULATOR
#define DYNAMIC_SHARED(type, name)                            \
  extern __shared__ __align__(16) unsigned char dynamic_[];   \
  type* name = reinterpret_cast<type*>(dynamic_)
#endif

#define KERNEL extern "C" __global__ void
