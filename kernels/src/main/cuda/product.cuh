// Products of tiles: PIXELS positions by COLUMNS channels a block of 128 threads, 4096 sums in all, 32 a thread.
//
// A thread has 8 positions and 4 columns. For four channels of the source it reads 8 + 4 vectors of shared memory and
// makes 128 multiply-adds: about one 16-byte read to 11, near the balance of an SM (128 multiply-adds and 128 bytes a
// clock, neighbouring threads reading the same words).
//
// On tensor cores (TF32) a warp has 64 positions by 16 columns, again 32 sums a thread.
#pragma once
#include "conv.cuh"

constexpr int DENSE = 128; // threads
constexpr int SLAB = 16;   // channels of the source at a time, at most

template <int COLUMNS, bool TF32>
struct Product {
  static constexpr int PIXELS = 4096 / COLUMNS;
  static constexpr int PITCH = COLUMNS + 8; // of a slab: rows of tensor core fragments fall into different banks
  static constexpr int SLAB_SIZE = SLAB * PITCH;
  static constexpr int FETCH = SLAB * COLUMNS / DENSE; // elements of a slab that a thread fetches
  static constexpr int GROUP = COLUMNS / 4; // threads side by side
  static constexpr int ROWS = DENSE / GROUP; // threads of a column

  float sum[8][4];
  int base[8]; // where the thread's positions lie in the piece

  __device__ void clear() {
    for (int p = 0; p < 8; p++) {
      for (int q = 0; q < 4; q++) sum[p][q] = 0;
    }
  }

  /** Position p of the thread's 8, in the tile. */
  __device__ static int position(int p) {
    if (!TF32) return threadIdx.x / GROUP + p * ROWS;
    int warp = threadIdx.x / 32 / (COLUMNS / 16);
    return warp * 64 + p / 2 * 16 + p % 2 * 8 + threadIdx.x % 32 / 4;
  }

  /** Column q of the thread's 4. */
  __device__ static int column(int q) {
    if (!TF32) return threadIdx.x % GROUP * 4 + q;
    int warp = threadIdx.x / 32 % (COLUMNS / 16);
    return warp * 16 + q / 2 * 8 + threadIdx.x % 4 * 2 + q % 2;
  }

  /** Which of the ROWS threads of its columns this is. */
  __device__ static int row() {
    if (!TF32) return threadIdx.x / GROUP;
    return threadIdx.x / 32 / (COLUMNS / 16) * 8 + threadIdx.x % 32 / 4;
  }

  __device__ void place(const Tiling& tiling, const Piece& piece, int step) {
    for (int p = 0; p < 8; p++) base[p] = piece.at(Position(tiling, position(p)), step);
  }

  /** sum += pixels [PIXELS, channels] times slab [channels, COLUMNS]. */
  __device__ void accumulate(const float* pixels, const float* slab, int channels) {
    if (TF32) {
      for (int k = 0; k < channels; k += 8) accumulateTf32(pixels + k, slab + k * PITCH);
      return;
    }
    const float* right = slab + threadIdx.x % GROUP * 4;
    for (int k = 0; k < channels; k += 4) {
      Vec<4> b[4];
#pragma unroll
      for (int i = 0; i < 4; i++) b[i] = load<4>(right + (k + i) * PITCH);
#pragma unroll
      for (int p = 0; p < 8; p++) {
        Vec<4> a = load<4>(pixels + base[p] + k);
#pragma unroll
        for (int i = 0; i < 4; i++) {
#pragma unroll
          for (int q = 0; q < 4; q++) sum[p][q] += a[i] * b[i][q];
        }
      }
    }
  }

  /** Eight channels: 4 fragments of 16 positions by 2 of 8 columns. */
  __device__ void accumulateTf32(const float* pixels, const float* slab) {
    int t = threadIdx.x % 4, g = threadIdx.x % 32 / 4;
    const float* right = slab + threadIdx.x / 32 % (COLUMNS / 16) * 16 + g;
    float b[2][2];
#pragma unroll
    for (int n = 0; n < 2; n++) {
      b[n][0] = right[t * PITCH + n * 8];
      b[n][1] = right[(t + 4) * PITCH + n * 8];
    }
#pragma unroll
    for (int m = 0; m < 4; m++) {
      float a[4] = {pixels[base[2 * m] + t], pixels[base[2 * m + 1] + t],
                    pixels[base[2 * m] + t + 4], pixels[base[2 * m + 1] + t + 4]};
#pragma unroll
      for (int n = 0; n < 2; n++) {
        float c[4] = {sum[2 * m][2 * n], sum[2 * m][2 * n + 1], sum[2 * m + 1][2 * n], sum[2 * m + 1][2 * n + 1]};
        mmaTf32(c, a, b[n]);
        sum[2 * m][2 * n] = c[0];
        sum[2 * m][2 * n + 1] = c[1];
        sum[2 * m + 1][2 * n] = c[2];
        sum[2 * m + 1][2 * n + 1] = c[3];
      }
    }
  }

  /**
   * The products of all taps. `slabs` has room for two; weight(tap, i) is element i of a tap's slab and target(i) its
   * place there: the order in which the weight lies in memory is the caller's affair. Begins with a barrier, ends with one.
   */
  template <class Weight, class Target>
  __device__ void sumTaps(const float* piece, float* slabs, const Taps& taps, int channels, Weight weight, Target target) {
    float next[FETCH];
    for (int i = 0; i < FETCH; i++) {
      int e = threadIdx.x + i * DENSE;
      slabs[target(e)] = round(weight(taps.tap[0], e));
    }
    __syncthreads();
    for (int tap = 0; tap < taps.count; tap++) {
      bool more = tap + 1 < taps.count;
#pragma unroll
      for (int i = 0; i < FETCH; i++) next[i] = more ? weight(taps.tap[tap + 1], threadIdx.x + i * DENSE) : 0;
      accumulate(piece + taps.offset[tap], slabs + tap % 2 * SLAB_SIZE, channels);
      float* other = slabs + (tap + 1) % 2 * SLAB_SIZE;
#pragma unroll
      for (int i = 0; i < FETCH; i++) other[target(threadIdx.x + i * DENSE)] = round(next[i]);
      __syncthreads();
    }
  }

  __device__ static float round(float x) { return TF32 ? tf32(x) : x; }
};
