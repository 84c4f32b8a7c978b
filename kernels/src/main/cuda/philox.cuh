// Counter-based random numbers: the draws of org.espalier.tensor.Rng, bit for bit.
#pragma once

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

/** 32 random bits: Rng.bits. */
__device__ inline unsigned bits(unsigned long long counter, unsigned long long stream, unsigned long long seed) {
  return philox(counter >> 2, stream, seed).word[counter & 3];
}

/** Uniform integer in [0, bound): Rng.below. */
__device__ inline int below(
    unsigned long long counter, int bound, unsigned long long stream, unsigned long long seed) {
  return (int)((unsigned long long)bits(counter, stream, seed) * (unsigned)bound >> 32);
}
