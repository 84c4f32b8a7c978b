// Counter-based random numbers: the draws of org.espalier.tensor.Rng, bit for bit.
#include "espalier.cuh"

struct Block128 {
  unsigned word[4];
};

/** Philox4x32-10 (Salmon et al. 2011) of the counter (index, stream) under the key seed. */
__device__ inline Block128 philox(unsigned long long index, unsigned long long stream, unsigned long long seed) {
  unsigned c0 = (unsigned)index, c1 = (unsigned)(index >> 32);
  unsigned c2 = (unsigned)stream, c3 = (unsigned)(stream >> 32);
  unsigned k0 = (unsigned)seed, k1 = (unsigned)(seed >> 32);
#pragma unroll
  for (int round = 0; round < 10; round++) {
    unsigned long long p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
    c0 = (unsigned)(p1 >> 32) ^ c1 ^ k0;
    c1 = (unsigned)p1;
    c2 = (unsigned)(p0 >> 32) ^ c3 ^ k1;
    c3 = (unsigned)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

/** Uniform in [0, 1), 24 bits. */
__device__ inline float uniform(unsigned bits) { return (bits >> 8) * (1.0f / 16777216.0f); }

/** y (+)= x/(1 - p) where draw i/group is at least p, else 0. What changes from step to step lies in device memory. */
struct DropoutArgs {
  const float* x;
  float* y;
  const float* p;
  const long long* seed;
  const long long* stream;
  int group;
  int size;
  int add;
};

/** Draw i is word i%4 of block i/4: with group 1, one block of the generator serves the 4 elements of a thread. */
KERNEL dropout(const DropoutArgs a) {
  int first = (blockIdx.x * blockDim.x + threadIdx.x) * 4;
  if (first < 0 || first >= a.size) return;
  float p = *a.p, scale = 1 / (1 - p);
  long long drawn = -1;
  Block128 block = {};
  for (int i = first; i < min(first + 4, a.size); i++) {
    int draw = i / a.group;
    if (draw / 4 != drawn) {
      drawn = draw / 4;
      block = philox(drawn, *a.stream, *a.seed);
    }
    float kept = uniform(block.word[draw % 4]) < p ? 0 : scale * a.x[i];
    a.y[i] = a.add ? a.y[i] + kept : kept;
  }
}
