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
 * index + grid.x ...; blockIdx.y the square of channels, the layer the arm.
 */
struct WeightArgs {
  const float* x;
  Tiling tiling; // of the results
  int relu;
  int h, w, in, out, stride, pad, dilation, kh, kw;
  int tall, wide; // the piece of x that a tile looks at
  int tiles, groups;
  WeightArm arm[ARMS];
};

/**
 * The square of one tap: a thread has 4 input channels by 4 output channels of it, and makes 16 multiply-adds of two reads of
 * 16 bytes, most of them shared with its neighbours.
 */
struct Square {
  static constexpr int THREADS = 16; // of a tap
  static constexpr int PITCH = SQUARE;
  static constexpr bool TF32 = false;

  float sum[4][4] = {};

  /** Adds the results group, group + groups ...; `place` says where in x the pixel of each lies. */
  __device__ void accumulate(const float* x, const float* dy, const int* place, int positions, int group, int groups) {
    int i = threadIdx.x / 4 % 4 * 4, o = threadIdx.x % 4 * 4;
#pragma unroll 4
    for (int p = group; p < positions; p += groups) {
      Vec<4> d = load<4>(dy + p * PITCH + o), v = load<4>(x + place[p] + i);
#pragma unroll
      for (int r = 0; r < 4; r++) {
#pragma unroll
        for (int c = 0; c < 4; c++) sum[r][c] += v[r] * d[c];
      }
    }
  }

  __device__ void leave(float* square) const {
    int i = threadIdx.x / 4 % 4 * 4, o = threadIdx.x % 4 * 4;
    for (int r = 0; r < 4; r++) {
      store(square + (i + r) * SQUARE + o, Vec<4>{{sum[r][0], sum[r][1], sum[r][2], sum[r][3]}});
    }
  }
};

/**
 * The same on tensor cores: a warp has the square, two fragments of 16 by 8, and takes 8 results at a time. The pitch puts
 * the rows of a fragment into different banks.
 */
struct SquareTf32 {
  static constexpr int THREADS = 32;
  static constexpr int PITCH = SQUARE + 8;
  static constexpr bool TF32 = true;

  float sum[2][4] = {};

  __device__ void accumulate(const float* x, const float* dy, const int* place, int positions, int group, int groups) {
    int t = threadIdx.x % 4, g = threadIdx.x % 32 / 4;
    for (int p = 8 * group; p < positions; p += 8 * groups) {
      const float* low = x + place[p + t] + g;
      const float* high = x + place[p + t + 4] + g;
      float a[4] = {low[0], low[8], high[0], high[8]};
#pragma unroll
      for (int n = 0; n < 2; n++) {
        float b[2] = {dy[(p + t) * PITCH + n * 8 + g], dy[(p + t + 4) * PITCH + n * 8 + g]};
        mmaTf32(sum[n], a, b);
      }
    }
  }

  __device__ void leave(float* square) const {
    int t = threadIdx.x % 4, g = threadIdx.x % 32 / 4;
    for (int n = 0; n < 2; n++) {
      for (int e = 0; e < 4; e++) square[(g + e / 2 * 8) * SQUARE + n * 8 + 2 * t + e % 2] = sum[n][e];
    }
  }
};

/** The threads of a tap follow each other, then the taps, then the groups, which share the results among them. */
template <int V, class Product>
__device__ void denseWeight(const WeightArgs& a, const Grid& grid, int layer) {
  DYNAMIC_SHARED(float, shared);
  constexpr int lanes = SQUARE / V, pitch = Product::PITCH;
  const WeightArm& arm = a.arm[layer];
  int positions = a.tiling.images * a.tiling.rows * a.tiling.cols, taps = a.kh * a.kw;
  int squares = (a.out + SQUARE - 1) / SQUARE;
  int fromIn = blockIdx.y / squares * SQUARE, fromOut = blockIdx.y % squares * SQUARE;
  int tap = threadIdx.x / Product::THREADS % taps, group = threadIdx.x / (Product::THREADS * taps);
  int* place = reinterpret_cast<int*>(shared); // of each position in the piece
  float* dy = shared + positions;
  float* x = dy + positions * pitch;
  Piece piece = {a.tiling.images, a.tall, a.wide, pitch, 0, 0, 0};
  for (int p = threadIdx.x; p < positions; p += blockDim.x) place[p] = piece.at(Position(a.tiling, p), a.stride);
  int below = (tap / a.kw * a.wide + tap % a.kw) * a.dilation * pitch;
  int lane = threadIdx.x % lanes * V;
  Rounded<Product::TF32, V, Gradients<V>> gradients = {
      Gradients<V>(arm.g, arm.y, arm.coefficients, a.out, fromOut + lane)};
  Rounded<Product::TF32, V, Values<V>> values = {Values<V>{a.x, a.in, fromIn + lane, a.relu}};
  Product product;
  for (int index = blockIdx.x; index < a.tiles; index += grid.x) {
    Tile tile(a.tiling, index);
    Piece results = {a.tiling.images, a.tiling.rows, a.tiling.cols, pitch, tile.image, tile.y, tile.x};
    piece.image = tile.image;
    piece.y = tile.y * a.stride - a.pad;
    piece.x = tile.x * a.stride - a.pad;
    __syncthreads();
    fill<V>(dy, results, lanes, a.tiling.n, a.tiling.h, a.tiling.w, gradients);
    fill<V>(x, piece, lanes, a.tiling.n, a.h, a.w, values);
    __syncthreads();
    product.accumulate(x + below, dy, place, positions, group, a.groups);
  }
  // The groups' sums, one beside the other, are added up in their order.
  __syncthreads();
  product.leave(shared + (group * taps + tap) * SQUARE * SQUARE);
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

KERNEL __launch_bounds__(MOST) dense_weight_v4(JOBS) { JOB(WeightArgs); denseWeight<4, Square>(a, grid, layer); }
KERNEL __launch_bounds__(MOST) dense_weight_v1(JOBS) { JOB(WeightArgs); denseWeight<1, Square>(a, grid, layer); }
KERNEL __launch_bounds__(MOST) dense_weight_tf32(JOBS) { JOB(WeightArgs); denseWeight<4, SquareTf32>(a, grid, layer); }

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
KERNEL __launch_bounds__(BLOCK) weight_join(JOBS) {
  JOB(WeightJoinArgs);
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
