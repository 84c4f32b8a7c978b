// The gradient of the weights of convolutions with one group: dw[tap] = x(tap)^T dy, summed over all results. The result is
// small (9 x 16 x 16 at C = 16) and the sum is long (65,536 at 64 images of 32 x 32), so the sum is split over blocks, and
// their parts are added up in a second kernel, in a fixed order.
#include "conv.cuh"

constexpr int SQUARE = 16; // input channels and output channels of a block

struct WeightArm {
  const float* g;
  const float* y;
  const float* coefficients;
  float* parts; // [splits, kh, kw, in, out]
};

/**
 * The arms have one geometry, the number of output channels included. blockIdx.x is the split: it takes the tiles index,
 * index + gridDim.x ...; blockIdx.y the square of channels, blockIdx.z the arm.
 */
struct WeightArgs {
  const float* x;
  WeightArm arm[ARMS];
  Tiling tiling; // of the results
  int relu;
  int h, w, in, out, stride, pad, dilation, kh, kw;
  int tall, wide; // the piece of x that a tile looks at
  int tiles, groups;
};

/**
 * A thread has 4 input channels by 4 output channels of one tap, and every groups-th result: 16 multiply-adds to two reads
 * of 16 bytes, most of them shared with its neighbours.
 */
template <int V>
__device__ void denseWeight(const WeightArgs& a) {
  DYNAMIC_SHARED(float, shared);
  constexpr int lanes = SQUARE / V;
  const WeightArm& arm = a.arm[blockIdx.z];
  int positions = a.tiling.images * a.tiling.rows * a.tiling.cols, taps = a.kh * a.kw;
  int squares = (a.out + SQUARE - 1) / SQUARE;
  int fromIn = blockIdx.y / squares * SQUARE, fromOut = blockIdx.y % squares * SQUARE;
  int i = threadIdx.x / 4 % 4 * 4, o = threadIdx.x % 4 * 4; // of the square
  int tap = threadIdx.x / 16 % taps, group = threadIdx.x / (16 * taps);
  int* place = reinterpret_cast<int*>(shared); // of each position in the piece
  float* dy = shared + positions;
  float* x = dy + positions * SQUARE;
  Piece piece = {a.tiling.images, a.tall, a.wide, SQUARE, 0, 0, 0};
  for (int p = threadIdx.x; p < positions; p += blockDim.x) place[p] = piece.at(Position(a.tiling, p), a.stride);
  int below = (tap / a.kw * a.wide + tap % a.kw) * a.dilation * SQUARE + i;
  int lane = threadIdx.x % lanes * V;
  Gradients<V> gradients(arm.g, arm.y, arm.coefficients, a.out, fromOut + lane);
  Values<V> values = {a.x, a.in, fromIn + lane, a.relu};
  float sum[4][4] = {};
  for (int index = blockIdx.x; index < a.tiles; index += gridDim.x) {
    Tile tile(a.tiling, index);
    Piece results = {a.tiling.images, a.tiling.rows, a.tiling.cols, SQUARE, tile.image, tile.y, tile.x};
    piece.image = tile.image;
    piece.y = tile.y * a.stride - a.pad;
    piece.x = tile.x * a.stride - a.pad;
    __syncthreads();
    fill<V>(dy, results, lanes, a.tiling.n, a.tiling.h, a.tiling.w, gradients);
    fill<V>(x, piece, lanes, a.tiling.n, a.h, a.w, values);
    __syncthreads();
#pragma unroll 4
    for (int p = group; p < positions; p += a.groups) {
      Vec<4> d = load<4>(dy + p * SQUARE + o), v = load<4>(x + place[p] + below);
#pragma unroll
      for (int r = 0; r < 4; r++) {
#pragma unroll
        for (int c = 0; c < 4; c++) sum[r][c] += v[r] * d[c];
      }
    }
  }
  // The groups' sums, one beside the other, are added up in their order.
  __syncthreads();
  for (int r = 0; r < 4; r++) {
    store(shared + ((group * taps + tap) * SQUARE + i + r) * SQUARE + o,
          Vec<4>{{sum[r][0], sum[r][1], sum[r][2], sum[r][3]}});
  }
  __syncthreads();
  int size = taps * SQUARE * SQUARE;
  float* parts = arm.parts + blockIdx.x * taps * a.in * a.out;
  for (int e = threadIdx.x; e < size; e += blockDim.x) {
    float total = 0;
    for (int g = 0; g < a.groups; g++) total += shared[g * size + e];
    int row = fromIn + e / SQUARE % SQUARE, column = fromOut + e % SQUARE;
    if (row < a.in && column < a.out) parts[(e / (SQUARE * SQUARE) * a.in + row) * a.out + column] = total;
  }
}

KERNEL __launch_bounds__(MOST) dense_weight_v4(const WeightArgs a) { denseWeight<4>(a); }
KERNEL __launch_bounds__(MOST) dense_weight_v1(const WeightArgs a) { denseWeight<1>(a); }

// ---- the second stage, for all kinds of convolutions

struct WeightJoin {
  const float* parts; // [splits, size]
  float* dw;
  int splits;
  int size;
};

struct WeightJoinArgs {
  WeightJoin join[ARMS];
};

/** dw += the sum of its parts. blockIdx.y is the arm. */
KERNEL __launch_bounds__(BLOCK) weight_join(const WeightJoinArgs a) {
  __shared__ double shared[WARPS][32];
  const WeightJoin& j = a.join[blockIdx.y];
  Join by(j.size);
  double sum = 0;
  if (by.column < j.size) {
#pragma unroll 4
    for (int s = by.first; s < j.splits; s += by.step) sum += j.parts[s * j.size + by.column];
  }
  sum = by.sum(sum, shared);
  if (by.first == 0 && by.column < j.size) j.dw[by.column] += (float)sum;
}
