// Depthwise convolutions: every channel by itself. Bound by memory and, behind the caches, by shared memory: at 5x5, a result
// costs 4 bytes of output and 100 bytes of reads beside 25 multiply-adds. So the piece of the input that a tile looks at is
// read once into shared memory, for all arms (a node of DARTS' cell feeds 4 separable and dilated convolutions an edge).
//
// A block has 16 channels and 256*P/lanes positions, lanes = 16/V: P positions a thread, kept in registers, four of them
// where the piece fits, so that a weight is read once for four products.
#include "conv.cuh"

struct DepthwiseArm {
  const float* w; // [kh, kw, c]
  float* y;
  float* parts;   // [tiles, 4, c] for the moments, or null
  int kh, kw, pad, dilation;
};

struct DepthwiseArgs {
  const float* x;
  Tiling tiling; // of the results
  int arms, relu;
  int h, w, c, stride;
  int fromY, fromX, tall, wide; // the piece that all arms together look at
  DepthwiseArm arm[ARMS];
};

/** Leaves a block's part of the moments of its values, for moments_join. */
template <int V, int P>
__device__ inline void partOfMoments(
    const Vec<V> (&value)[P], const bool (&valid)[P], float* part, int c, int channel, int count, WarpSums<V>& sums) {
  constexpr int lanes = DEPTH / V;
  Vec<V> mean = splat<V>(0), sum = splat<V>(0), squares = splat<V>(0);
  for (int p = 0; p < P; p++) {
    for (int k = 0; k < V; k++) mean[k] += valid[p] ? value[p][k] : 0;
  }
  mean = columnSum(mean, lanes, sums, 0);
  for (int k = 0; k < V; k++) mean[k] /= count;
  for (int p = 0; p < P; p++) {
    for (int k = 0; k < V; k++) {
      float d = valid[p] ? value[p][k] - mean[k] : 0;
      sum[k] += d;
      squares[k] += d * d;
    }
  }
  sum = columnSum(sum, lanes, sums, 1);
  squares = columnSum(squares, lanes, sums, 2);
  if ((int)threadIdx.x < lanes && channel < c) leaveMoments(part, c, channel, count, mean, sum, squares);
}

/** sum += the taps' weights times the pixels under the thread's positions. */
template <int V, int P>
__device__ inline void accumulate(
    Vec<V> (&sum)[P], const int (&base)[P], const float* piece, const Taps& taps, const float* w, int c) {
  for (int i = 0; i < taps.count; i++) {
    Vec<V> weight = load<V>(w + taps.tap[i] * c);
#pragma unroll
    for (int p = 0; p < P; p++) {
      Vec<V> x = load<V>(piece + base[p] + taps.offset[i]);
      for (int k = 0; k < V; k++) sum[p][k] += weight[k] * x[k];
    }
  }
}

template <int V, int P>
__device__ void depthwise(const DepthwiseArgs& a) {
  DYNAMIC_SHARED(float, shared);
  __shared__ Taps taps;
  __shared__ WarpSums<V> sums;
  constexpr int lanes = DEPTH / V;
  int lane = threadIdx.x % lanes, channel = blockIdx.y * DEPTH + lane * V;
  Tile tile(a.tiling, blockIdx.x);
  Piece piece = {a.tiling.images, a.tall, a.wide, DEPTH,
                 tile.image, tile.y * a.stride + a.fromY, tile.x * a.stride + a.fromX};
  fill<V>(shared, piece, lanes, a.tiling.n, a.h, a.w, Values<V>{a.x, a.c, channel, a.relu});
  int base[P], out[P];
  bool valid[P];
  for (int p = 0; p < P; p++) {
    Position at(a.tiling, threadIdx.x / lanes + p * (BLOCK / lanes));
    base[p] = piece.at(at, a.stride) + lane * V;
    int image = tile.image + at.image, y = tile.y + at.y, x = tile.x + at.x;
    valid[p] = image < a.tiling.n && y < a.tiling.h && x < a.tiling.w && channel < a.c;
    out[p] = ((image * a.tiling.h + y) * a.tiling.w + x) * a.c + channel;
  }
  for (int i = 0; i < a.arms; i++) {
    const DepthwiseArm& arm = a.arm[i];
    __syncthreads(); // of the arm before, the taps; at first, the piece
    forwardTaps(taps, arm.kh, arm.kw, arm.pad, arm.dilation, a.fromY, a.fromX, a.wide, DEPTH);
    __syncthreads();
    Vec<V> sum[P];
    for (int p = 0; p < P; p++) sum[p] = splat<V>(0);
    if (channel < a.c) accumulate(sum, base, shared, taps, arm.w + channel, a.c);
    for (int p = 0; p < P; p++) {
      if (valid[p]) store(arm.y + out[p], sum[p]);
    }
    if (arm.parts) {
      partOfMoments(sum, valid, arm.parts + blockIdx.x * 4 * a.c, a.c, channel, tile.count(a.tiling), sums);
    }
  }
}

KERNEL __launch_bounds__(BLOCK) depthwise_v4(JOBS) { JOB(DepthwiseArgs); depthwise<4, 4>(a); }
KERNEL __launch_bounds__(BLOCK) depthwise_v1(JOBS) { JOB(DepthwiseArgs); depthwise<1, 4>(a); }
KERNEL __launch_bounds__(BLOCK) depthwise_small_v4(JOBS) { JOB(DepthwiseArgs); depthwise<4, 1>(a); }

// ---- the gradient of x

struct DepthwiseGradArm {
  const float* w;
  const float* g;
  const float* y;
  const float* coefficients; // of the rule that makes the gradient of y; null: g is the gradient
  int kh, kw, pad, dilation;
  int outH, outW;
};

/** The layer is the class. */
struct DepthwiseGradArgs {
  const float* x;
  float* dx;
  Tiling tiling; // of a class of pixels of x: [n, ceil(h/stride), ceil(w/stride)]
  int arms, relu, add;
  int h, w, c, stride;
  DepthwiseGradArm arm[ARMS];
};

/** One write of dx for all arms; the gradients of their results are read once each, and their rules applied on the way. */
template <int V, int P>
__device__ void depthwiseGrad(const DepthwiseGradArgs& a, int layer) {
  DYNAMIC_SHARED(float, shared);
  __shared__ Taps taps;
  constexpr int lanes = DEPTH / V;
  int lane = threadIdx.x % lanes, channel = blockIdx.y * DEPTH + lane * V;
  int cy = layer / a.stride, cx = layer % a.stride;
  Tile tile(a.tiling, blockIdx.x);
  Vec<V> sum[P];
  for (int p = 0; p < P; p++) sum[p] = splat<V>(0);
  for (int i = 0; i < a.arms; i++) {
    const DepthwiseGradArm& arm = a.arm[i];
    __syncthreads();
    if (threadIdx.x == 0) {
      gradientTaps(taps, arm.kh, arm.kw, arm.pad, arm.dilation, a.stride, cy, cx, a.tiling.cols, DEPTH);
    }
    __syncthreads();
    if (taps.count == 0) continue;
    Piece piece = {a.tiling.images, a.tiling.rows + taps.tall, a.tiling.cols + taps.wide, DEPTH,
                   tile.image, tile.y + taps.y, tile.x + taps.x};
    Gradients<V> gradients(arm.g, arm.y, arm.coefficients, a.c, channel);
    fill<V>(shared, piece, lanes, a.tiling.n, arm.outH, arm.outW, gradients);
    __syncthreads();
    int base[P];
    for (int p = 0; p < P; p++) {
      base[p] = piece.at(Position(a.tiling, threadIdx.x / lanes + p * (BLOCK / lanes)), 1) + lane * V;
    }
    if (channel < a.c) accumulate(sum, base, shared, taps, arm.w + channel, a.c);
  }
  for (int p = 0; p < P; p++) {
    Position at(a.tiling, threadIdx.x / lanes + p * (BLOCK / lanes));
    int image = tile.image + at.image, y = (tile.y + at.y) * a.stride + cy, x = (tile.x + at.x) * a.stride + cx;
    if (image >= a.tiling.n || y >= a.h || x >= a.w || channel >= a.c) continue;
    int i = ((image * a.h + y) * a.w + x) * a.c + channel;
    if (a.relu) {
      Vec<V> value = load<V>(a.x + i);
      for (int k = 0; k < V; k++) sum[p][k] = value[k] > 0 ? sum[p][k] : 0;
    }
    put(a.dx + i, sum[p], a.add);
  }
}

KERNEL __launch_bounds__(BLOCK) depthwise_grad_v4(JOBS) { JOB(DepthwiseGradArgs); depthwiseGrad<4, 4>(a, layer); }
KERNEL __launch_bounds__(BLOCK) depthwise_grad_v1(JOBS) { JOB(DepthwiseGradArgs); depthwiseGrad<1, 4>(a, layer); }
KERNEL __launch_bounds__(BLOCK) depthwise_grad_small_v4(JOBS) { JOB(DepthwiseGradArgs); depthwiseGrad<4, 1>(a, layer); }

// ---- the gradient of the weights

struct DepthwiseWeightArm {
  const float* g;
  const float* y;
  const float* coefficients;
  float* parts; // [splits, kh, kw, c]
};

/**
 * The arms have one geometry. blockIdx.x is the split: it takes the tiles index, index + grid.x ...; blockIdx.y the
 * channels, the layer the arm.
 */
struct DepthwiseWeightArgs {
  const float* x;
  Tiling tiling; // of the results
  int relu;
  int h, w, c, stride, pad, dilation, kh, kw;
  int tall, wide; // the piece of x that a tile looks at
  int tiles, groups;
  DepthwiseWeightArm arm[ARMS];
};

/**
 * dw[tap] = sum over the results of dy times the pixel under the tap. A thread has one row of KW taps (or a single tap,
 * KW = 1) and every groups-th result: dy is read once for KW products. Where PyTorch reads x kh*kw times from memory,
 * this does once.
 */
template <int V, int KW>
__device__ void depthwiseWeight(const DepthwiseWeightArgs& a, const Grid& grid, int layer) {
  DYNAMIC_SHARED(float, shared);
  constexpr int lanes = DEPTH / V;
  const DepthwiseWeightArm& arm = a.arm[layer];
  int positions = a.tiling.images * a.tiling.rows * a.tiling.cols;
  int units = a.kh * a.kw / KW;
  int lane = threadIdx.x % lanes, unit = threadIdx.x / lanes % units, group = threadIdx.x / (lanes * units);
  int channel = blockIdx.y * DEPTH + lane * V;
  int tap = unit * KW;
  int groups = a.groups, right = a.dilation * DEPTH;
  int below = ((tap / a.kw * a.dilation) * a.wide + tap % a.kw * a.dilation) * DEPTH + lane * V;
  int* place = reinterpret_cast<int*>(shared); // of each position in the piece
  float* dy = shared + positions;
  float* x = dy + positions * DEPTH;
  Piece piece = {a.tiling.images, a.tall, a.wide, DEPTH, 0, 0, 0};
  for (int p = threadIdx.x; p < positions; p += blockDim.x) place[p] = piece.at(Position(a.tiling, p), a.stride);
  Gradients<V> gradients(arm.g, arm.y, arm.coefficients, a.c, channel);
  Values<V> values = {a.x, a.c, channel, a.relu};
  Vec<V> sum[KW];
  for (int k = 0; k < KW; k++) sum[k] = splat<V>(0);
  for (int index = blockIdx.x; index < a.tiles; index += grid.x) {
    Tile tile(a.tiling, index);
    Piece results = {a.tiling.images, a.tiling.rows, a.tiling.cols, DEPTH, tile.image, tile.y, tile.x};
    piece.image = tile.image;
    piece.y = tile.y * a.stride - a.pad;
    piece.x = tile.x * a.stride - a.pad;
    __syncthreads();
    fill<V>(dy, results, lanes, a.tiling.n, a.tiling.h, a.tiling.w, gradients);
    fill<V>(x, piece, lanes, a.tiling.n, a.h, a.w, values);
    __syncthreads();
    for (int p = group; p < positions; p += groups) {
      Vec<V> d = load<V>(dy + p * DEPTH + lane * V);
#pragma unroll
      for (int k = 0; k < KW; k++) {
        Vec<V> value = load<V>(x + place[p] + below + k * right);
        for (int j = 0; j < V; j++) sum[k][j] += d[j] * value[j];
      }
    }
  }
  // The groups' sums, one beside the other, are added up in their order.
  __syncthreads();
  int taps = a.kh * a.kw;
  for (int k = 0; k < KW; k++) store(shared + (group * taps + tap + k) * DEPTH + lane * V, sum[k]);
  __syncthreads();
  float* parts = arm.parts + blockIdx.x * taps * a.c + blockIdx.y * DEPTH;
  for (int i = threadIdx.x; i < taps * DEPTH; i += blockDim.x) {
    float total = 0;
    for (int g = 0; g < a.groups; g++) total += shared[g * taps * DEPTH + i];
    if ((int)blockIdx.y * DEPTH + i % DEPTH < a.c) parts[i / DEPTH * a.c + i % DEPTH] = total;
  }
}

KERNEL __launch_bounds__(MOST) depthwise_weight_v4(JOBS) {
  JOB(DepthwiseWeightArgs);
  depthwiseWeight<4, 1>(a, grid, layer);
}
KERNEL __launch_bounds__(MOST) depthwise_weight_v1(JOBS) {
  JOB(DepthwiseWeightArgs);
  depthwiseWeight<1, 1>(a, grid, layer);
}
KERNEL __launch_bounds__(MOST) depthwise_weight3_v4(JOBS) {
  JOB(DepthwiseWeightArgs);
  depthwiseWeight<4, 3>(a, grid, layer);
}
KERNEL __launch_bounds__(MOST) depthwise_weight3_v1(JOBS) {
  JOB(DepthwiseWeightArgs);
  depthwiseWeight<1, 3>(a, grid, layer);
}
KERNEL __launch_bounds__(MOST) depthwise_weight5_v4(JOBS) {
  JOB(DepthwiseWeightArgs);
  depthwiseWeight<4, 5>(a, grid, layer);
}
KERNEL __launch_bounds__(MOST) depthwise_weight5_v1(JOBS) {
  JOB(DepthwiseWeightArgs);
  depthwiseWeight<1, 5>(a, grid, layer);
}
