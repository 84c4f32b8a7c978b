// Both gradients of a 1x1 convolution at once, where its weight fits into shared memory: dx = dy w^T and dw = x^T dy. What makes
// dy (g, y and the rule) and x are read once for the two.
#include "product.cuh"

struct PointArgs {
  const float* x; // [rows, in]
  const float* w; // [in, out]
  const float* g; // [rows, out]
  const float* y;
  const float* coefficients; // of the rule that makes the gradient of y; null: g is the gradient
  float* dx;
  float* parts; // [blocks, in, out]
  int rows, in, out, relu, add;
};

/** x^T dy, C by C: a thread has 8 input by 4 output channels of it; the groups of threads share the rows among them. */
template <int C>
struct Outer {
  static constexpr int PITCH = C + 4; // of x
  static constexpr int THREADS = C * C / 32;
  static constexpr int GROUPS = DENSE / THREADS;

  float sum[8][4] = {};

  __device__ static int in() { return threadIdx.x % THREADS / (C / 4) * 8; }
  __device__ static int out() { return threadIdx.x % (C / 4) * 4; }

  __device__ void accumulate(const float* x, const float* dy, int pitch, int rows) {
#pragma unroll 2
    for (int p = threadIdx.x / THREADS; p < rows; p += GROUPS) {
      Vec<4> d = load<4>(dy + p * pitch + out());
      Vec<4> v[2] = {load<4>(x + p * PITCH + in()), load<4>(x + p * PITCH + in() + 4)};
#pragma unroll
      for (int r = 0; r < 8; r++) {
#pragma unroll
        for (int c = 0; c < 4; c++) sum[r][c] += v[r / 4][r % 4] * d[c];
      }
    }
  }

  /** Writes the group's sums to squares [GROUPS, C, C]. */
  __device__ void leave(float* squares) const {
    float* square = squares + (threadIdx.x / THREADS * C + in()) * C + out();
#pragma unroll
    for (int r = 0; r < 8; r++) store(square + r * C, Vec<4>{{sum[r][0], sum[r][1], sum[r][2], sum[r][3]}});
  }
};

/** The same on tensor cores: a warp has squares of 16 by 16, each two fragments of 16 by 8, and takes 8 rows at a time. */
template <int C>
struct OuterTf32 {
  static constexpr int PITCH = C + 8; // rows of a fragment fall into different banks
  static constexpr int ACROSS = C / 16;
  static constexpr int SQUARES = ACROSS * ACROSS > 4 ? ACROSS * ACROSS / 4 : 1; // of a warp
  static constexpr int WARPS_OF_GROUP = ACROSS * ACROSS / SQUARES;
  static constexpr int GROUPS = 4 / WARPS_OF_GROUP;

  float sum[SQUARES][2][4] = {};

  __device__ static int square(int s) { return threadIdx.x / 32 % WARPS_OF_GROUP * SQUARES + s; }
  __device__ static int group() { return threadIdx.x / 32 / WARPS_OF_GROUP; }

  __device__ void accumulate(const float* x, const float* dy, int pitch, int rows) {
    int t = threadIdx.x % 4, g = threadIdx.x % 32 / 4;
    for (int p = 8 * group() + t; p < rows; p += 8 * GROUPS) {
#pragma unroll
      for (int s = 0; s < SQUARES; s++) {
        const float* low = x + p * PITCH + square(s) / ACROSS * 16 + g;
        const float* high = low + 4 * PITCH;
        const float* d = dy + p * pitch + square(s) % ACROSS * 16 + g;
        float a[4] = {low[0], low[8], high[0], high[8]};
#pragma unroll
        for (int n = 0; n < 2; n++) {
          float b[2] = {d[n * 8], d[4 * pitch + n * 8]};
          mmaTf32(sum[s][n], a, b);
        }
      }
    }
  }

  __device__ void leave(float* squares) const {
    int t = threadIdx.x % 4, g = threadIdx.x % 32 / 4;
    for (int s = 0; s < SQUARES; s++) {
      float* at = squares + (group() * C + square(s) / ACROSS * 16 + g) * C + square(s) % ACROSS * 16 + 2 * t;
      for (int n = 0; n < 2; n++) {
        for (int e = 0; e < 4; e++) at[e / 2 * 8 * C + n * 8 + e % 2] = sum[s][n][e];
      }
    }
  }
};

/** Copies PIXELS rows of up to C channels to shared memory, zero where there are none. */
template <int C, int PIXELS, class Value>
__device__ inline void fillRows(float* shared, int pitch, int first, int rows, Value value) {
  constexpr int lanes = C / 4;
#pragma unroll 4
  for (int i = 0; i < PIXELS * lanes / DENSE; i++) {
    int row = i * (DENSE / lanes) + threadIdx.x / lanes;
    store(shared + row * pitch + threadIdx.x % lanes * 4, first + row < rows ? value(first + row) : splat<4>(0));
  }
}

/** The block takes the tiles blockIdx.x, blockIdx.x + grid.x ... of PIXELS rows each. C: of in and out, rounded up. */
template <int C, bool TF32, class Weight>
__device__ void pointGrad(const PointArgs& a, const Grid& grid) {
  using P = Product<C, TF32>;
  constexpr int pitch = C + 4;
  DYNAMIC_SHARED(float, shared);
  float* weight = shared; // [out, in]
  float* dy = weight + C * P::PITCH;
  float* x = dy + P::PIXELS * pitch;
  int rows = a.rows, in = a.in, out = a.out, channel = threadIdx.x % (C / 4) * 4;
  for (int e = threadIdx.x; e < C * C; e += DENSE) {
    weight[e % C * P::PITCH + e / C] = e / C < in && e % C < out ? P::round(a.w[e / C * out + e % C]) : 0;
  }
  Rounded<TF32, 4, Gradients<4>> gradients = {Gradients<4>(a.g, a.y, a.coefficients, out, channel)};
  Rounded<TF32, 4, Values<4>> values = {Values<4>{a.x, in, channel, a.relu}};
  P product;
  for (int p = 0; p < 8; p++) product.base[p] = P::position(p) * pitch;
  Weight dw;
  for (int first = blockIdx.x * P::PIXELS; first < rows; first += grid.x * P::PIXELS) {
    __syncthreads();
    fillRows<C, P::PIXELS>(dy, pitch, first, rows, gradients);
    fillRows<C, P::PIXELS>(x, Weight::PITCH, first, rows, values);
    __syncthreads();
    product.clear();
    product.accumulate(dy, weight, C);
#pragma unroll
    for (int p = 0; p < 8; p++) {
      int row = P::position(p);
      const float* under = x + row * Weight::PITCH; // rectified: positive where the gradient passes
      float* dx = a.dx + (first + row) * in;
      if (first + row >= rows) continue;
      if (TF32) {
        for (int q = 0; q < 4; q++) {
          int c = P::column(q);
          if (c >= in) continue;
          float sum = a.relu && !(under[c] > 0) ? 0 : product.sum[p][q];
          dx[c] = a.add ? dx[c] + sum : sum;
        }
      } else if (P::column(0) < in) {
        Vec<4> sum = {{product.sum[p][0], product.sum[p][1], product.sum[p][2], product.sum[p][3]}};
        if (a.relu) {
          Vec<4> v = load<4>(under + P::column(0));
          for (int q = 0; q < 4; q++) sum[q] = v[q] > 0 ? sum[q] : 0;
        }
        put(dx + P::column(0), sum, a.add);
      }
    }
    dw.accumulate(x, dy, pitch, P::PIXELS);
  }
  // The groups' sums, one beside the other, are added up in their order.
  __syncthreads();
  dw.leave(dy);
  __syncthreads();
  for (int e = threadIdx.x; e < C * C; e += DENSE) {
    float total = 0;
    for (int g = 0; g < Weight::GROUPS; g++) total += dy[g * C * C + e];
    if (e / C < in && e % C < out) a.parts[(blockIdx.x * in + e / C) * out + e % C] = total;
  }
}

KERNEL __launch_bounds__(DENSE) point_grad16(JOBS) { JOB(PointArgs); pointGrad<16, false, Outer<16>>(a, grid); }
KERNEL __launch_bounds__(DENSE) point_grad32(JOBS) { JOB(PointArgs); pointGrad<32, false, Outer<32>>(a, grid); }
KERNEL __launch_bounds__(DENSE) point_grad64(JOBS) { JOB(PointArgs); pointGrad<64, false, Outer<64>>(a, grid); }
KERNEL __launch_bounds__(DENSE) point_grad16_tf32(JOBS) { JOB(PointArgs); pointGrad<16, true, OuterTf32<16>>(a, grid); }
KERNEL __launch_bounds__(DENSE) point_grad32_tf32(JOBS) { JOB(PointArgs); pointGrad<32, true, OuterTf32<32>>(a, grid); }
KERNEL __launch_bounds__(DENSE) point_grad64_tf32(JOBS) { JOB(PointArgs); pointGrad<64, true, OuterTf32<64>>(a, grid); }
