// Softmax and cross-entropy, one warp to a row: rows are classes or candidates, 5 to 1000 of them.
#include "espalier.cuh"

struct SoftmaxArgs {
  const float* x;
  float* y;
  int rows;
  int cols;
};

/** The lane's row, or -1. */
__device__ inline int rowOfWarp(int rows) {
  int row = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
  return row < rows ? row : -1;
}

__device__ inline float warpMax(float x) {
  for (int o = 16; o > 0; o >>= 1) {
    float other = __shfl_xor_sync(0xffffffffu, x, o);
    x = other > x ? other : x;
  }
  return x;
}

template <class T>
__device__ inline T warpSum(T x) {
  for (int o = 16; o > 0; o >>= 1) x += __shfl_xor_sync(0xffffffffu, x, o);
  return x;
}

/** The logarithm of the sum of exp(x) over a row; its lane is threadIdx.x % 32. */
__device__ inline float logSumExp(const float* x, int cols) {
  int lane = threadIdx.x & 31;
  float largest = -3.4e38f;
  for (int c = lane; c < cols; c += 32) largest = x[c] > largest ? x[c] : largest;
  largest = warpMax(largest);
  float sum = 0;
  for (int c = lane; c < cols; c += 32) sum += expf(x[c] - largest);
  return largest + logf(warpSum(sum));
}

KERNEL __launch_bounds__(BLOCK) softmax(JOBS) {
  JOB(SoftmaxArgs);
  int row = rowOfWarp(a.rows);
  if (row < 0) return; // the whole warp
  const float* x = a.x + row * a.cols;
  float shift = logSumExp(x, a.cols);
  for (int c = threadIdx.x & 31; c < a.cols; c += 32) a.y[row * a.cols + c] = expf(x[c] - shift);
}

struct SoftmaxGradArgs {
  const float* y;
  const float* dy;
  float* dx;
  int rows;
  int cols;
  int add;
};

KERNEL __launch_bounds__(BLOCK) softmax_grad(JOBS) {
  JOB(SoftmaxGradArgs);
  int row = rowOfWarp(a.rows);
  if (row < 0) return;
  int lane = threadIdx.x & 31;
  double dot = 0;
  for (int c = row * a.cols + lane; c < (row + 1) * a.cols; c += 32) dot += (double)a.y[c] * a.dy[c];
  dot = warpSum(dot);
  for (int c = row * a.cols + lane; c < (row + 1) * a.cols; c += 32) {
    float value = (float)(a.y[c] * (a.dy[c] - dot));
    a.dx[c] = a.add ? a.dx[c] + value : value;
  }
}

struct CrossEntropyArgs {
  const float* logits;
  const float* labels;
  float* probabilities;
  float* losses;
  float smoothing;
  int rows;
  int classes;
};

/** losses [rows]: the cross-entropy of each row; the mean is join_rows' work. */
KERNEL __launch_bounds__(BLOCK) cross_entropy(JOBS) {
  JOB(CrossEntropyArgs);
  int row = rowOfWarp(a.rows);
  if (row < 0) return;
  const float* x = a.logits + row * a.classes;
  float shift = logSumExp(x, a.classes);
  float loss = 0;
  for (int c = threadIdx.x & 31; c < a.classes; c += 32) {
    float target = (a.labels[row] == c ? 1 - a.smoothing : 0) + a.smoothing / a.classes;
    if (target != 0) loss -= target * (x[c] - shift); // a class nobody asks for may be at minus infinity
    a.probabilities[row * a.classes + c] = expf(x[c] - shift);
  }
  loss = warpSum(loss);
  if ((threadIdx.x & 31) == 0) a.losses[row] = loss;
}

struct CrossEntropyGradArgs {
  const float* probabilities;
  const float* labels;
  const float* dloss;
  float* dlogits;
  float smoothing;
  int rows;
  int classes;
  int add;
};

KERNEL cross_entropy_grad(JOBS) {
  JOB(CrossEntropyGradArgs);
  sweep<1>(a.rows * a.classes, [&](int i, auto) {
    float target = (a.labels[i / a.classes] == i % a.classes ? 1 - a.smoothing : 0) + a.smoothing / a.classes;
    float value = *a.dloss * (a.probabilities[i] - target) / a.rows;
    a.dlogits[i] = a.add ? a.dlogits[i] + value : value;
  });
}
