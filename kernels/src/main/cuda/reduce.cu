// Sums over rows and over everything, in two stages and a fixed order.
#include "espalier.cuh"

/** parts [patches, cols]: the sum of each patch's rows. */
struct SumRowsArgs {
  const float* x;
  float* parts;
  int rows;
  int c;
  int lanes;
};

template <int V>
__device__ void sumRowsParts(const SumRowsArgs& a) {
  __shared__ WarpSums<V> sums;
  Patch<V> patch(a.rows, a.c, a.lanes);
  Vec<V> sum = splat<V>(0);
#pragma unroll
  for (int r = 0; r < Patch<V>::ROWS; r++) {
    if (patch.has(r)) {
      Vec<V> x = load<V>(a.x + patch.at(r, a.c));
      for (int k = 0; k < V; k++) sum[k] += x[k];
    }
  }
  sum = columnSum(sum, a.lanes, sums, 0);
  if (patch.inside && (int)threadIdx.x < a.lanes) store(a.parts + blockIdx.x * a.c + patch.channel, sum);
}

KERNEL __launch_bounds__(BLOCK) sum_rows_parts_v4(JOBS) { JOB(SumRowsArgs); sumRowsParts<4>(a); }
KERNEL __launch_bounds__(BLOCK) sum_rows_parts_v1(JOBS) { JOB(SumRowsArgs); sumRowsParts<1>(a); }

/** y [c] (+)= factor * the sum over the rows of parts [rows, c]; the batch's image is blockIdx.y. */
struct JoinRowsArgs {
  const float* parts;
  float* y;
  float factor;
  int rows;
  int c;
  int add;
};

/** Also the mean over the pixels of an image: x [n, pixels, c] is small where it is wanted (8x8 at the end of a network). */
KERNEL __launch_bounds__(BLOCK) join_rows(JOBS) {
  JOB(JoinRowsArgs);
  __shared__ double shared[WARPS][32];
  Join by(a.c);
  const float* parts = a.parts + blockIdx.y * a.rows * a.c + by.column;
  double sum = 0;
  if (by.column < a.c) {
#pragma unroll 4
    for (int r = by.first; r < a.rows; r += by.step) sum += parts[r * a.c];
  }
  sum = by.sum(sum, shared);
  if (by.first == 0 && by.column < a.c) {
    float* y = a.y + blockIdx.y * a.c + by.column;
    float value = (float)(sum * a.factor);
    *y = a.add ? *y + value : value;
  }
}

/** dx [n, pixels, c] (+)= factor*dy [n, c]. */
struct SpreadRowsArgs {
  const float* dy;
  float* dx;
  float factor;
  int pixels;
  int c;
  int size;
  int add;
};

KERNEL spread_rows(JOBS) {
  JOB(SpreadRowsArgs);
  sweep<1>(a.size, [&](int i, auto) {
    float value = a.factor * a.dy[i / (a.pixels * a.c) * a.c + i % a.c];
    a.dx[i] = a.add ? a.dx[i] + value : value;
  });
}

/** parts [grid.x]: the sum of squares of each block's share of x. */
struct SquaresArgs {
  const float* x;
  double* parts;
  int size;
};

/** In double: a gradient's norm goes over a million elements, and clipping is the same for all of them. */
KERNEL __launch_bounds__(BLOCK) squares_parts(JOBS) {
  JOB(SquaresArgs);
  __shared__ double warps[WARPS];
  double sum = 0;
  long long stride = (long long)grid.x * BLOCK;
  for (long long i = blockIdx.x * BLOCK + threadIdx.x; i < a.size; i += stride) sum += (double)a.x[i] * a.x[i];
  sum = blockSum(sum, warps);
  if (threadIdx.x == 0) a.parts[blockIdx.x] = sum;
}

struct NormArgs {
  const double* parts;
  float* norm;
  int count;
};

/** norm = the square root of the sum of all parts; one block. It stays on the device: clipping reads it there. */
KERNEL __launch_bounds__(BLOCK) norm_join(JOBS) {
  JOB(NormArgs);
  __shared__ double warps[WARPS];
  double sum = 0;
  for (int i = threadIdx.x; i < a.count; i += BLOCK) sum += a.parts[i];
  sum = blockSum(sum, warps);
  if (threadIdx.x == 0) *a.norm = (float)sqrt(sum);
}
