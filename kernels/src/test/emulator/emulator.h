// The part of CUDA C++ that the kernels use, for g++: included before every .cu file.
//
// A block runs on one OS thread. Each of its threads runs until it waits for others (a barrier, a
// shuffle); only then does it need a stack of its own, a fiber. See fibers.cpp.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#define ESPALIER_EMULATOR 1

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __constant__ static
// In a section of its own, so that it can be poisoned before every block.
#define __shared__ static __attribute__((section("emu_shared")))
#define DYNAMIC_SHARED(type, name) type* name = reinterpret_cast<type*>(emu::dynamic_shared)

struct dim3 {
  unsigned x, y, z;
};
struct uint3 {
  unsigned x, y, z;
};

#define EMU_VECTOR2(type, base)                                          \
  struct alignas(2 * sizeof(base)) type {                                \
    base x, y;                                                           \
  };                                                                     \
  inline type make_##type(base x, base y) { return {x, y}; }
#define EMU_VECTOR4(type, base)                                          \
  struct alignas(4 * sizeof(base)) type {                                \
    base x, y, z, w;                                                     \
  };                                                                     \
  inline type make_##type(base x, base y, base z, base w) { return {x, y, z, w}; }
EMU_VECTOR2(float2, float)
EMU_VECTOR4(float4, float)
EMU_VECTOR2(int2, int)
EMU_VECTOR4(int4, int)
EMU_VECTOR2(uint2, unsigned)
EMU_VECTOR4(uint4, unsigned)
EMU_VECTOR4(uchar4, unsigned char)

namespace emu {
extern uint3 thread_index, block_index;
extern dim3 block_size, grid_size;
extern unsigned char* dynamic_shared;

[[noreturn]] void fail(int error, const char* what);
void barrier();
/** Hands in `value`, waits for the lanes of `mask`, and returns what all 32 handed in. */
const uint64_t* exchange(unsigned mask, uint64_t value);
unsigned lane();

template <class T>
inline uint64_t bits(T value) {
  static_assert(sizeof(T) <= 8);
  uint64_t all = 0;
  std::memcpy(&all, &value, sizeof value);
  return all;
}
template <class T>
inline T value(uint64_t bits) {
  T result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}
template <class T>
inline T shuffle(unsigned mask, T v, unsigned source) {
  const uint64_t* all = exchange(mask, bits(v));
  if (!(mask >> source & 1)) fail(719, "a shuffle reads a lane that is not in its mask");
  return value<T>(all[source]);
}
}  // namespace emu

#define threadIdx (emu::thread_index)
#define blockIdx (emu::block_index)
#define blockDim (emu::block_size)
#define gridDim (emu::grid_size)
static const int warpSize = 32;

inline void __syncthreads() { emu::barrier(); }
inline void __syncwarp(unsigned mask = ~0u) { emu::exchange(mask, 0); }
inline void __threadfence() {}
inline void __threadfence_block() {}
[[noreturn]] inline void __trap() { emu::fail(719, "__trap"); }

template <class T>
inline T __shfl_sync(unsigned mask, T v, int source, int width = 32) {
  unsigned base = emu::lane() & ~(unsigned)(width - 1);
  return emu::shuffle(mask, v, base + (source & (width - 1)));
}
template <class T>
inline T __shfl_xor_sync(unsigned mask, T v, int lanes, int width = 32) {
  unsigned me = emu::lane(), other = me ^ lanes;
  return emu::shuffle(mask, v, (other & ~(width - 1)) == (me & ~(width - 1)) ? other : me);
}
template <class T>
inline T __shfl_down_sync(unsigned mask, T v, unsigned by, int width = 32) {
  unsigned me = emu::lane();
  return emu::shuffle(mask, v, (me & (width - 1)) + by < (unsigned)width ? me + by : me);
}
template <class T>
inline T __shfl_up_sync(unsigned mask, T v, unsigned by, int width = 32) {
  unsigned me = emu::lane();
  return emu::shuffle(mask, v, (me & (width - 1)) >= by ? me - by : me);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
  const uint64_t* all = emu::exchange(mask, predicate != 0);
  unsigned result = 0;
  for (int i = 0; i < 32; i++) result |= (unsigned)((mask >> i & 1) && all[i]) << i;
  return result;
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }

// Blocks and threads take turns: plain reads and writes are atomic.
template <class T, class U>
inline T atomicAdd(T* p, U v) {
  T old = *p;
  *p = old + (T)v;
  return old;
}
template <class T, class U>
inline T atomicMax(T* p, U v) {
  T old = *p;
  if ((T)v > old) *p = (T)v;
  return old;
}
template <class T, class U>
inline T atomicMin(T* p, U v) {
  T old = *p;
  if ((T)v < old) *p = (T)v;
  return old;
}
template <class T, class U>
inline T atomicExch(T* p, U v) {
  T old = *p;
  *p = (T)v;
  return old;
}
template <class T, class U, class V>
inline T atomicCAS(T* p, U expected, V v) {
  T old = *p;
  if (old == (T)expected) *p = (T)v;
  return old;
}
inline unsigned atomicInc(unsigned* p, unsigned limit) {
  unsigned old = *p;
  *p = old >= limit ? 0 : old + 1;
  return old;
}

template <class T>
inline T __ldg(const T* p) {
  return *p;
}
template <class T>
inline T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
inline T max(T a, T b) {
  return a < b ? b : a;
}
inline unsigned min(unsigned a, int b) { return min(a, (unsigned)b); }
inline unsigned min(int a, unsigned b) { return min((unsigned)a, b); }
inline int __popc(unsigned v) { return __builtin_popcount(v); }
inline int __clz(unsigned v) { return v ? __builtin_clz(v) : 32; }
inline int __ffs(unsigned v) { return __builtin_ffs(v); }
inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((uint64_t)a * b >> 32); }
inline float rsqrtf(float v) { return 1.0f / std::sqrt(v); }
inline float __expf(float v) { return std::exp(v); }
inline float __logf(float v) { return std::log(v); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
inline float __fmul_rn(float a, float b) {
  volatile float c = a * b;  // keeps the compiler from contracting it
  return c;
}
inline float __fadd_rn(float a, float b) {
  volatile float c = a + b;
  return c;
}
inline float __fsub_rn(float a, float b) {
  volatile float c = a - b;
  return c;
}
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __int_as_float(int v) { return emu::value<float>(emu::bits(v)); }
inline float __uint_as_float(unsigned v) { return emu::value<float>(emu::bits(v)); }
inline int __float_as_int(float v) { return emu::value<int>(emu::bits(v)); }
inline unsigned __float_as_uint(float v) { return emu::value<unsigned>(emu::bits(v)); }
using std::isnan;
