// Both gradients of depthwise convolutions of stride 1, in one pass: those of x and of the weights want the same values,
//   dx(q) = sum over the taps of w[tap] * dy(q + pad - tap*dilation)
//   dw[tap] = sum over the pixels q of x(q) * dy(q + pad - tap*dilation)
// so a thread that has its pixels' x and dx in registers takes a value of dy out of shared memory once, for both.
//
// Shared memory is what the two kernels of conv_depthwise.cu wait for, with a read for a product or more. Here a thread has
// pixels below each other: their windows overlap, and a value is read once for all taps of a column of the window. At 5x5 and 8
// pixels that is 12 reads, and 5 of weights, for 80 products; with what it takes to add up the threads' parts of dw, a quarter of
// the time.
#include "conv.cuh"

constexpr int STRIP = 8;             // pixels of a thread
constexpr int PAIR = 2;              // and its channels: with 4, half as many threads would have twice the registers
constexpr int PAIRS = DEPTH / PAIR;  // threads of a strip

struct DepthwiseBackArm {
  const float* w; // [k, k, c]
  const float* g;
  const float* y;
  const float* coefficients; // of the rule that makes the gradient of y; null: g is the gradient
  float* parts;              // [tiles, k, k, c] for the gradient of w, or null
  int k, pad, dilation;      // k is 3 or 5, the dilation 1 or 2
  int outH, outW;
};

struct DepthwiseBackArgs {
  const float* x;
  float* dx;
  Tiling tiling; // of x, the rows of a tile a multiple of STRIP
  int arms, relu, add;
  int c;
  int taps; // of the largest arm
  DepthwiseBackArm arm[ARMS];
};

/**
 * Copies a piece of dy as `fill` does, but asks for several pixels before it waits for the first: where a launch has few
 * blocks, nobody else computes meanwhile.
 */
template <bool RULE>
__device__ inline void fillAhead(
    float* shared, const Piece& piece, const DepthwiseBackArm& arm, int n, int c, int channel) {
  constexpr int lanes = DEPTH / 4, ahead = RULE ? 4 : 8;
  int lane = threadIdx.x % lanes, step = blockDim.x / lanes;
  int pixels = piece.images * piece.tall * piece.wide;
  Rule<4> rule(arm.coefficients, c, channel, channel < c);
  Pixels source(piece, n, arm.outH, arm.outW);
  for (int first = threadIdx.x / lanes; first < pixels; first += ahead * step) {
    Vec<4> g[ahead], y[ahead];
    bool inside[ahead];
#pragma unroll
    for (int u = 0; u < ahead; u++) {
      int i = first + u * step;
      int pixel = i < pixels && channel < c ? source.at(i) : -1;
      inside[u] = pixel >= 0;
      int at = pixel * c + channel;
      g[u] = inside[u] ? load<4>(arm.g + at) : splat<4>(0);
      if (RULE) y[u] = inside[u] ? load<4>(arm.y + at) : splat<4>(0);
    }
#pragma unroll
    for (int u = 0; u < ahead; u++) {
      int i = first + u * step;
      if (RULE && inside[u]) g[u] = rule.of(g[u], y[u]);
      if (i < pixels) store(shared + i * DEPTH + lane * 4, g[u]);
    }
  }
}

/**
 * Of N sums over the threads of a warp that have one pair of channels (they differ in the bits 8 and 16), leaves a thread
 * those from `first`, a quarter of them: half as many shuffles as when all of them get all.
 */
template <int N>
struct Quarter {
  static constexpr int HALF = N / 2, SIZE = (HALF + 1) / 2;
  int first;

  __device__ Quarter(float (&sum)[N]) {
    bool right = threadIdx.x & 16, lower = threadIdx.x & 8;
#pragma unroll
    for (int i = 0; i < HALF; i++) {
      float other = right ? sum[i] : sum[HALF + i];
      sum[i] = (right ? sum[HALF + i] : sum[i]) + __shfl_xor_sync(0xffffffffu, other, 16);
    }
#pragma unroll
    for (int i = 0; i < SIZE; i++) {
      float second = SIZE + i < HALF ? sum[SIZE + i] : 0;
      float other = lower ? sum[i] : second;
      sum[i] = (lower ? second : sum[i]) + __shfl_xor_sync(0xffffffffu, other, 8);
    }
    first = (right ? HALF : 0) + (lower ? SIZE : 0);
  }

  /** Whether the thread has its i-th sum: the last of an odd number have one less. */
  __device__ bool has(int i) const { return !(threadIdx.x & 8) || SIZE + i < HALF; }
};

/**
 * Adds an arm's gradient to dx, and leaves the warp's part of that of w in `parts` [K, K, DEPTH], if it is wanted. dy: where
 * the last tap of the thread's first pixel looks; `row`: from one row of it to the next.
 */
template <int K, int D>
__device__ inline void gradients(
    Vec<PAIR> (&dx)[STRIP], const Vec<PAIR> (&x)[STRIP], const float* dy, int row, const float* w, float* parts) {
#pragma unroll 1
  for (int kx = 0; kx < K; kx++) {
    Vec<PAIR> weight[K];
    float dw[K * PAIR];
#pragma unroll
    for (int ky = 0; ky < K; ky++) weight[ky] = load<PAIR>(w + (ky * K + kx) * DEPTH);
#pragma unroll
    for (int i = 0; i < K * PAIR; i++) dw[i] = 0;
    const float* at = dy + (K - 1 - kx) * D * DEPTH;
#pragma unroll
    for (int r = 0; r < STRIP + (K - 1) * D; r++) {
      Vec<PAIR> d = load<PAIR>(at + r * row);
#pragma unroll
      for (int ky = 0; ky < K; ky++) {
        int p = r - (K - 1 - ky) * D; // the pixel that this tap joins with it
        if (p >= 0 && p < STRIP) {
#pragma unroll
          for (int i = 0; i < PAIR; i++) {
            dx[p][i] += weight[ky][i] * d[i];
            dw[ky * PAIR + i] += x[p][i] * d[i];
          }
        }
      }
    }
    if (parts) {
      Quarter<K * PAIR> mine(dw);
#pragma unroll
      for (int i = 0; i < mine.SIZE; i++) {
        int at = mine.first + i; // PAIR channels of each row of taps
        if (mine.has(i)) parts[(at / PAIR * K + kx) * DEPTH + at % PAIR] = dw[i];
      }
    }
  }
}

__device__ void depthwiseBack(const DepthwiseBackArgs& a) {
  DYNAMIC_SHARED(float, shared);
  int warps = blockDim.x / 32;
  float* parts = shared; // of the warps
  float* w = parts + warps * a.taps * DEPTH;
  float* dy = w + a.taps * DEPTH;
  Tile tile(a.tiling, blockIdx.x);
  int from = blockIdx.y * DEPTH, lane = threadIdx.x % PAIRS * PAIR;
  int strip = threadIdx.x / PAIRS;
  int px = strip % a.tiling.cols, strips = a.tiling.rows / STRIP;
  int py = strip / a.tiling.cols % strips * STRIP, image = strip / (a.tiling.cols * strips);
  int first = (((tile.image + image) * a.tiling.h + tile.y + py) * a.tiling.w + tile.x + px) * a.c + from + lane;
  bool inside = tile.image + image < a.tiling.n && tile.x + px < a.tiling.w && from + lane < a.c;
  int tall = inside ? a.tiling.h - tile.y - py : 0; // pixels of the strip that there are, or more
  Vec<PAIR> x[STRIP], dx[STRIP];
#pragma unroll
  for (int p = 0; p < STRIP; p++) {
    x[p] = p < tall ? load<PAIR>(a.x + first + p * a.tiling.w * a.c) : splat<PAIR>(0);
    dx[p] = splat<PAIR>(0);
  }
  if (a.relu) {
#pragma unroll
    for (int p = 0; p < STRIP; p++) {
      for (int i = 0; i < PAIR; i++) x[p][i] = x[p][i] < 0 ? 0 : x[p][i];
    }
  }
  for (int i = 0; i < a.arms; i++) {
    const DepthwiseBackArm& arm = a.arm[i];
    int taps = arm.k * arm.k, edge = (arm.k - 1) * arm.dilation;
    Piece piece = {a.tiling.images, a.tiling.rows + edge, a.tiling.cols + edge, DEPTH,
                   tile.image, tile.y + arm.pad - edge, tile.x + arm.pad - edge};
    __syncthreads(); // what the arm before has in dy and w is used
    for (int e = threadIdx.x; e < taps * DEPTH; e += blockDim.x) {
      int channel = from + e % DEPTH;
      w[e] = channel < a.c ? arm.w[e / DEPTH * a.c + channel] : 0;
    }
    int channel = from + threadIdx.x % (DEPTH / 4) * 4;
    if (arm.coefficients) {
      fillAhead<true>(dy, piece, arm, a.tiling.n, a.c, channel);
    } else {
      fillAhead<false>(dy, piece, arm, a.tiling.n, a.c, channel);
    }
    __syncthreads(); // and its parts are added up
    const float* at = dy + ((image * piece.tall + py) * piece.wide + px) * DEPTH + lane;
    int row = piece.wide * DEPTH;
    float* mine = arm.parts ? parts + threadIdx.x / 32 * taps * DEPTH + lane : nullptr;
    if (arm.k == 3) {
      if (arm.dilation == 1) gradients<3, 1>(dx, x, at, row, w + lane, mine);
      else gradients<3, 2>(dx, x, at, row, w + lane, mine);
    } else {
      if (arm.dilation == 1) gradients<5, 1>(dx, x, at, row, w + lane, mine);
      else gradients<5, 2>(dx, x, at, row, w + lane, mine);
    }
    if (!arm.parts) continue;
    __syncthreads();
    float* part = arm.parts + blockIdx.x * taps * a.c + from;
    for (int e = threadIdx.x; e < taps * DEPTH; e += blockDim.x) {
      float sum = 0;
      for (int warp = 0; warp < warps; warp++) sum += parts[warp * taps * DEPTH + e];
      if (from + e % DEPTH < a.c) part[e / DEPTH * a.c + e % DEPTH] = sum;
    }
  }
#pragma unroll
  for (int p = 0; p < STRIP; p++) {
    if (p >= tall) continue;
    if (a.relu) {
      for (int i = 0; i < PAIR; i++) dx[p][i] = x[p][i] > 0 ? dx[p][i] : 0;
    }
    put(a.dx + first + p * a.tiling.w * a.c, dx[p], a.add);
  }
}

KERNEL __launch_bounds__(BLOCK, 2) depthwise_back(JOBS) { JOB(DepthwiseBackArgs); depthwiseBack(a); }
