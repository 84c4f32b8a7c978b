// Element by element: bound by memory (12 bytes and one operation an element), so all that counts is 16-byte accesses.
#include "espalier.cuh"

struct FillArgs {
  float* y;
  float value;
  int size;
};

template <int V>
__device__ void fill(const FillArgs& a) {
  sweep<V>(a.size, [&](int i, auto width) { store(a.y + i, splat<decltype(width)::value>(a.value)); });
}

KERNEL fill_v4(JOBS) { JOB(FillArgs); fill<4>(a); }
KERNEL fill_v1(JOBS) { JOB(FillArgs); fill<1>(a); }

/**
 * y = a*x + b*y. With b = 0, y is not read: it may hold anything. The factors change from step to step (the +-eps of second
 * order DARTS), so they lie in device memory.
 */
struct AxpbyArgs {
  const float* x;
  float* y;
  const float* a;
  const float* b;
  int size;
};

template <int V>
__device__ void axpby(const AxpbyArgs& args) {
  float a = *args.a, b = *args.b;
  sweep<V>(args.size, [&](int i, auto width) {
    constexpr int W = decltype(width)::value;
    Vec<W> x = load<W>(args.x + i);
    Vec<W> y = b == 0 ? splat<W>(0) : load<W>(args.y + i);
    for (int k = 0; k < W; k++) y[k] = b == 0 ? a * x[k] : a * x[k] + b * y[k];
    store(args.y + i, y);
  });
}

KERNEL axpby_v4(JOBS) { JOB(AxpbyArgs); axpby<4>(a); }
KERNEL axpby_v1(JOBS) { JOB(AxpbyArgs); axpby<1>(a); }

/** y (+)= f(a, b). */
struct BinaryArgs {
  const float* a;
  const float* b;
  float* y;
  int add;
  int size;
};

template <int V, class F>
__device__ void binary(const BinaryArgs& a, F f) {
  sweep<V>(a.size, [&](int i, auto width) {
    constexpr int W = decltype(width)::value;
    Vec<W> x = load<W>(a.a + i), y = load<W>(a.b + i);
    for (int k = 0; k < W; k++) x[k] = f(x[k], y[k]);
    put(a.y + i, x, a.add);
  });
}

__device__ inline float timesOf(float a, float b) { return a * b; }
__device__ inline float reluGradOf(float x, float dy) { return x > 0 ? dy : 0; }
__device__ inline float eluGradOf(float x, float dy) { return x > 0 ? dy : expf(x) * dy; }

__device__ inline float sigmoidGradOf(float x, float dy) {
  float y = 1 / (1 + expf(-x));
  return y * (1 - y) * dy;
}
__device__ inline float tanhGradOf(float x, float dy) {
  float y = tanhf(x);
  return (1 - y * y) * dy;
}

KERNEL multiply_v4(JOBS) { JOB(BinaryArgs); binary<4>(a, timesOf); }
KERNEL multiply_v1(JOBS) { JOB(BinaryArgs); binary<1>(a, timesOf); }
KERNEL relu_grad_v4(JOBS) { JOB(BinaryArgs); binary<4>(a, reluGradOf); }
KERNEL relu_grad_v1(JOBS) { JOB(BinaryArgs); binary<1>(a, reluGradOf); }
KERNEL elu_grad_v4(JOBS) { JOB(BinaryArgs); binary<4>(a, eluGradOf); }
KERNEL elu_grad_v1(JOBS) { JOB(BinaryArgs); binary<1>(a, eluGradOf); }
KERNEL sigmoid_grad_v4(JOBS) { JOB(BinaryArgs); binary<4>(a, sigmoidGradOf); }
KERNEL sigmoid_grad_v1(JOBS) { JOB(BinaryArgs); binary<1>(a, sigmoidGradOf); }
KERNEL tanh_grad_v4(JOBS) { JOB(BinaryArgs); binary<4>(a, tanhGradOf); }
KERNEL tanh_grad_v1(JOBS) { JOB(BinaryArgs); binary<1>(a, tanhGradOf); }

/** y = f(x). */
struct UnaryArgs {
  const float* x;
  float* y;
  int size;
};

template <int V, class F>
__device__ void unary(const UnaryArgs& a, F f) {
  sweep<V>(a.size, [&](int i, auto width) {
    constexpr int W = decltype(width)::value;
    Vec<W> x = load<W>(a.x + i);
    for (int k = 0; k < W; k++) x[k] = f(x[k]);
    store(a.y + i, x);
  });
}

/** A NaN stays one, as in the oracle: fmaxf would hide it. */
__device__ inline float reluOf(float x) { return x < 0 ? 0 : x; }
__device__ inline float eluOf(float x) { return x > 0 ? x : expm1f(x); }
__device__ inline float sigmoidOf(float x) { return 1 / (1 + expf(-x)); }
__device__ inline float tanhOf(float x) { return tanhf(x); }

KERNEL relu_v4(JOBS) { JOB(UnaryArgs); unary<4>(a, reluOf); }
KERNEL relu_v1(JOBS) { JOB(UnaryArgs); unary<1>(a, reluOf); }
KERNEL elu_v4(JOBS) { JOB(UnaryArgs); unary<4>(a, eluOf); }
KERNEL elu_v1(JOBS) { JOB(UnaryArgs); unary<1>(a, eluOf); }
KERNEL sigmoid_v4(JOBS) { JOB(UnaryArgs); unary<4>(a, sigmoidOf); }
KERNEL sigmoid_v1(JOBS) { JOB(UnaryArgs); unary<1>(a, sigmoidOf); }
KERNEL tanh_v4(JOBS) { JOB(UnaryArgs); unary<4>(a, tanhOf); }
KERNEL tanh_v1(JOBS) { JOB(UnaryArgs); unary<1>(a, tanhOf); }

/** Runs of `length` floats from one buffer to another: slices and concatenations. */
struct CopyArgs {
  const float* src;
  float* dst;
  int blocks;
  int length;
  int srcStride;
  int dstStride;
  int add;
};

template <int V>
__device__ void copyBlocks(const CopyArgs& a) {
  int runs = a.length / V; // the host takes V = 4 only where lengths, strides and addresses are multiples of it
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= a.blocks * runs) return;
  int block = i / runs, at = i % runs * V;
  put(a.dst + block * a.dstStride + at, load<V>(a.src + block * a.srcStride + at), a.add);
}

KERNEL copy_blocks_v4(JOBS) { JOB(CopyArgs); copyBlocks<4>(a); }
KERNEL copy_blocks_v1(JOBS) { JOB(CopyArgs); copyBlocks<1>(a); }

/** y [rows, cols] = x + row [cols]. */
struct AddRowArgs {
  const float* x;
  const float* row;
  float* y;
  int cols;
  int size;
};

KERNEL add_row(JOBS) {
  JOB(AddRowArgs);
  sweep<1>(a.size, [&](int i, auto) { a.y[i] = a.x[i] + a.row[i % a.cols]; });
}

/** y [cols, rows] (+)= x [rows, cols], transposed: the weights of a convolution, from our layout to cuDNN's and back. */
struct TransposeArgs {
  const float* x;
  float* y;
  int rows;
  int cols;
  int add;
};

constexpr int SQUARE = 32;

/** A square goes through shared memory, so that neighbouring threads read and write neighbours. */
KERNEL __launch_bounds__(BLOCK) transpose(JOBS) {
  JOB(TransposeArgs);
  __shared__ float square[SQUARE][SQUARE + 1];
  int row = blockIdx.x * SQUARE, col = blockIdx.y * SQUARE, i = threadIdx.x % SQUARE;
  for (int j = threadIdx.x / SQUARE; j < SQUARE; j += BLOCK / SQUARE) {
    if (row + j < a.rows && col + i < a.cols) square[j][i] = a.x[(row + j) * a.cols + col + i];
  }
  __syncthreads();
  for (int j = threadIdx.x / SQUARE; j < SQUARE; j += BLOCK / SQUARE) {
    if (col + j < a.cols && row + i < a.rows) {
      float* y = a.y + (col + j) * a.rows + row + i;
      *y = a.add ? *y + square[i][j] : square[i][j];
    }
  }
}
