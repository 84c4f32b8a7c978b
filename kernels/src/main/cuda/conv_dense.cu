// Convolutions with one group, forward and for the gradient of x, as products of tiles: PIXELS positions by COLUMNS channels
// a block.
//
// The piece of the source under a tile is read once into shared memory for all taps, and, where its channels fit (SLAB = 16 at
// a time), for all arms. The weights go by in slabs of 16 channels by COLUMNS, one tap at a time, the next one on its way
// while one is used.
#include "product.cuh"

// ---- forward

struct DenseArm {
  const float* w; // [kh, kw, in, out]
  float* y;
  float* parts;   // [tiles, 4, out] for the moments, or null
  int out, kh, kw, pad, dilation;
  int vector;     // whether four channels of y can be written at once
};

struct DenseArgs {
  const float* x;
  Tiling tiling; // of the results
  int arms, relu, add;
  int h, w, in, stride;
  int fromY, fromX, tall, wide; // the piece that all arms together look at
  int channels; // in shared memory at a time: 4, 8 or 16
  int tasks;    // COLUMNS channels of an arm each
  DenseArm arm[ARMS];
};

/**
 * Leaves a block's part of the moments of its sums, for moments_join: twice over the registers, as moments_parts does. Sums
 * over a column go by way of `rows`, in the order of its threads.
 */
template <int COLUMNS, bool TF32>
__device__ inline void partOfMoments(
    const Product<COLUMNS, TF32>& product, const int (&out)[8], float* part, int c, int column, float count) {
  using P = Product<COLUMNS, TF32>;
  __shared__ float rows[2][P::ROWS][COLUMNS], mean[COLUMNS];
  int i = threadIdx.x;
  for (int q = 0; q < 4; q++) {
    float sum = 0;
    for (int p = 0; p < 8; p++) sum += out[p] < 0 ? 0 : product.sum[p][q];
    rows[0][P::row()][P::column(q)] = sum;
  }
  __syncthreads();
  if (i < COLUMNS) {
    float sum = 0;
    for (int r = 0; r < P::ROWS; r++) sum += rows[0][r][i];
    mean[i] = sum / count;
  }
  __syncthreads();
  for (int q = 0; q < 4; q++) {
    float sum = 0, squares = 0, around = mean[P::column(q)];
    for (int p = 0; p < 8; p++) {
      float d = out[p] < 0 ? 0 : product.sum[p][q] - around;
      sum += d;
      squares += d * d;
    }
    rows[0][P::row()][P::column(q)] = sum;
    rows[1][P::row()][P::column(q)] = squares;
  }
  __syncthreads();
  if (i < COLUMNS && column + i < c) {
    Vec<1> sum = {0}, squares = {0};
    for (int r = 0; r < P::ROWS; r++) {
      sum[0] += rows[0][r][i];
      squares[0] += rows[1][r][i];
    }
    leaveMoments(part, c, column + i, count, Vec<1>{mean[i]}, sum, squares);
  }
}

template <int V, int COLUMNS, bool TF32>
__device__ void dense(const DenseArgs& a, const Grid& grid) {
  using P = Product<COLUMNS, TF32>;
  DYNAMIC_SHARED(float, shared);
  __shared__ Taps taps;
  float* slabs = shared;
  float* pixels = shared + 2 * P::SLAB_SIZE;
  Tile tile(a.tiling, blockIdx.x);
  Piece piece = {a.tiling.images, a.tall, a.wide, a.channels + 4, // the pitch: neighbours in different banks
                 tile.image, tile.y * a.stride + a.fromY, tile.x * a.stride + a.fromX};
  P product;
  product.place(a.tiling, piece, a.stride);
  int out[8];
  for (int p = 0; p < 8; p++) {
    Position at(a.tiling, P::position(p));
    int image = tile.image + at.image, y = tile.y + at.y, x = tile.x + at.x;
    bool valid = image < a.tiling.n && y < a.tiling.h && x < a.tiling.w;
    out[p] = valid ? (image * a.tiling.h + y) * a.tiling.w + x : -1;
  }
  int lanes = a.channels / V;
  bool filled = false;
  for (int task = blockIdx.y; task < a.tasks; task += grid.y) {
    int index = 0, column = task * COLUMNS;
    for (; column >= (a.arm[index].out + COLUMNS - 1) / COLUMNS * COLUMNS; index++) {
      column -= (a.arm[index].out + COLUMNS - 1) / COLUMNS * COLUMNS;
    }
    const DenseArm& arm = a.arm[index];
    product.clear();
    for (int from = 0; from < a.in; from += a.channels) {
      __syncthreads();
      if (!filled) {
        Values<V> values = {a.x, a.in, from + (int)threadIdx.x % lanes * V, a.relu};
        fill<V>(pixels, piece, lanes, a.tiling.n, a.h, a.w, Rounded<TF32, V, Values<V>>{values});
        filled = a.in <= a.channels; // it stays for the tasks to come
      }
      forwardTaps(taps, arm.kh, arm.kw, arm.pad, arm.dilation, a.fromY, a.fromX, a.wide, piece.pitch);
      __syncthreads();
      const float* w = arm.w;
      int channels = a.channels, in = a.in, width = arm.out; // in registers: barriers would have them read again
      auto weight = [=](int tap, int i) {
        int k = from + i / COLUMNS, c = column + i % COLUMNS;
        return i / COLUMNS < channels && k < in && c < width ? w[(tap * in + k) * width + c] : 0;
      };
      product.sumTaps(pixels, slabs, taps, channels, weight, [](int i) { return i / COLUMNS * P::PITCH + i % COLUMNS; });
    }
#pragma unroll
    for (int p = 0; p < 8; p++) {
      if (out[p] < 0) continue;
      float* y = arm.y + out[p] * arm.out + column;
      if (!TF32 && arm.vector) {
        Vec<4> sum = {{product.sum[p][0], product.sum[p][1], product.sum[p][2], product.sum[p][3]}};
        if (column + P::column(0) < arm.out) put(y + P::column(0), sum, a.add);
      } else {
        for (int q = 0; q < 4; q++) {
          int c = P::column(q);
          if (column + c < arm.out) y[c] = a.add ? y[c] + product.sum[p][q] : product.sum[p][q];
        }
      }
    }
    if (arm.parts) {
      partOfMoments(product, out, arm.parts + blockIdx.x * 4 * arm.out, arm.out, column, tile.count(a.tiling));
    }
  }
}

KERNEL __launch_bounds__(DENSE) dense16_v4(JOBS) { JOB(DenseArgs); dense<4, 16, false>(a, grid); }
KERNEL __launch_bounds__(DENSE) dense16_v1(JOBS) { JOB(DenseArgs); dense<1, 16, false>(a, grid); }
KERNEL __launch_bounds__(DENSE) dense32_v4(JOBS) { JOB(DenseArgs); dense<4, 32, false>(a, grid); }
KERNEL __launch_bounds__(DENSE) dense32_v1(JOBS) { JOB(DenseArgs); dense<1, 32, false>(a, grid); }
KERNEL __launch_bounds__(DENSE) dense64_v4(JOBS) { JOB(DenseArgs); dense<4, 64, false>(a, grid); }
KERNEL __launch_bounds__(DENSE) dense64_v1(JOBS) { JOB(DenseArgs); dense<1, 64, false>(a, grid); }
KERNEL __launch_bounds__(DENSE) dense16_tf32(JOBS) { JOB(DenseArgs); dense<4, 16, true>(a, grid); }
KERNEL __launch_bounds__(DENSE) dense32_tf32(JOBS) { JOB(DenseArgs); dense<4, 32, true>(a, grid); }
KERNEL __launch_bounds__(DENSE) dense64_tf32(JOBS) { JOB(DenseArgs); dense<4, 64, true>(a, grid); }

// ---- the gradient of x

struct DenseGradArm {
  const float* w;
  const float* g;
  const float* y;
  const float* coefficients; // of the rule that makes the gradient of y; null: g is the gradient
  int out, kh, kw, pad, dilation;
  int outH, outW;
  int unused;
};

/** blockIdx.y is the block of COLUMNS input channels, the layer is the class. */
struct DenseGradArgs {
  const float* x;
  float* dx;
  Tiling tiling; // of a class of pixels of x: [n, ceil(h/stride), ceil(w/stride)]
  int arms, relu, add;
  int h, w, in, stride;
  int channels; // of dy in shared memory at a time
  int vector;   // whether four channels of x can be read and written at once
  DenseGradArm arm[ARMS];
};

/** The sum over all arms stays in registers; dx is written once. Rules are applied as dy is read. */
template <int V, int COLUMNS, bool TF32>
__device__ void denseGrad(const DenseGradArgs& a, int layer) {
  using P = Product<COLUMNS, TF32>;
  DYNAMIC_SHARED(float, shared);
  __shared__ Taps taps;
  float* slabs = shared;
  float* pixels = shared + 2 * P::SLAB_SIZE;
  Tile tile(a.tiling, blockIdx.x);
  int cy = layer / a.stride, cx = layer % a.stride, column = blockIdx.y * COLUMNS;
  int lanes = a.channels / V, pitch = a.channels + 4;
  P product;
  product.clear();
  for (int i = 0; i < a.arms; i++) {
    const DenseGradArm& arm = a.arm[i];
    __syncthreads();
    if (threadIdx.x == 0) {
      gradientTaps(taps, arm.kh, arm.kw, arm.pad, arm.dilation, a.stride, cy, cx, a.tiling.cols, pitch);
    }
    __syncthreads();
    if (taps.count == 0) continue;
    Piece piece = {a.tiling.images, a.tiling.rows + taps.tall, a.tiling.cols + taps.wide, pitch,
                   tile.image, tile.y + taps.y, tile.x + taps.x};
    product.place(a.tiling, piece, 1);
    for (int from = 0; from < arm.out; from += a.channels) {
      Gradients<V> gradients(arm.g, arm.y, arm.coefficients, arm.out, from + (int)threadIdx.x % lanes * V);
      fill<V>(pixels, piece, lanes, a.tiling.n, arm.outH, arm.outW, Rounded<TF32, V, Gradients<V>>{gradients});
      const float* w = arm.w;
      int channels = a.channels, in = a.in, width = arm.out;
      auto weight = [=](int tap, int e) { // neighbours read neighbouring output channels, which are rows of the slab
        int k = from + e % SLAB, c = column + e / SLAB;
        return e % SLAB < channels && k < width && c < in ? w[(tap * in + c) * width + k] : 0;
      };
      product.sumTaps(pixels, slabs, taps, channels, weight, [](int e) { return e % SLAB * P::PITCH + e / SLAB; });
    }
  }
#pragma unroll
  for (int p = 0; p < 8; p++) {
    Position at(a.tiling, P::position(p));
    int image = tile.image + at.image, y = (tile.y + at.y) * a.stride + cy, x = (tile.x + at.x) * a.stride + cx;
    if (image >= a.tiling.n || y >= a.h || x >= a.w) continue;
    int pixel = ((image * a.h + y) * a.w + x) * a.in + column;
    if (!TF32 && a.vector) {
      int c = pixel + P::column(0);
      if (column + P::column(0) >= a.in) continue;
      Vec<4> sum = {{product.sum[p][0], product.sum[p][1], product.sum[p][2], product.sum[p][3]}};
      if (a.relu) {
        Vec<4> value = load<4>(a.x + c);
        for (int q = 0; q < 4; q++) sum[q] = value[q] > 0 ? sum[q] : 0;
      }
      put(a.dx + c, sum, a.add);
    } else {
      for (int q = 0; q < 4; q++) {
        int c = pixel + P::column(q);
        if (column + P::column(q) >= a.in) continue;
        float sum = a.relu && !(a.x[c] > 0) ? 0 : product.sum[p][q];
        a.dx[c] = a.add ? a.dx[c] + sum : sum;
      }
    }
  }
}

KERNEL __launch_bounds__(DENSE) dense_grad16_v4(JOBS) { JOB(DenseGradArgs); denseGrad<4, 16, false>(a, layer); }
KERNEL __launch_bounds__(DENSE) dense_grad16_v1(JOBS) { JOB(DenseGradArgs); denseGrad<1, 16, false>(a, layer); }
KERNEL __launch_bounds__(DENSE) dense_grad32_v4(JOBS) { JOB(DenseGradArgs); denseGrad<4, 32, false>(a, layer); }
KERNEL __launch_bounds__(DENSE) dense_grad32_v1(JOBS) { JOB(DenseGradArgs); denseGrad<1, 32, false>(a, layer); }
KERNEL __launch_bounds__(DENSE) dense_grad64_v4(JOBS) { JOB(DenseGradArgs); denseGrad<4, 64, false>(a, layer); }
KERNEL __launch_bounds__(DENSE) dense_grad64_v1(JOBS) { JOB(DenseGradArgs); denseGrad<1, 64, false>(a, layer); }
KERNEL __launch_bounds__(DENSE) dense_grad16_tf32(JOBS) { JOB(DenseGradArgs); denseGrad<4, 16, true>(a, layer); }
KERNEL __launch_bounds__(DENSE) dense_grad32_tf32(JOBS) { JOB(DenseGradArgs); denseGrad<4, 32, true>(a, layer); }
KERNEL __launch_bounds__(DENSE) dense_grad64_tf32(JOBS) { JOB(DenseGradArgs); denseGrad<4, 64, true>(a, layer); }
