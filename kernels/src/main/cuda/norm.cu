// Batch normalisation over x [rows, C] (Ioffe and Szegedy 2015).
//
// All sums go in two stages, without atomics: blocks leave what their patch of rows gives, a second kernel adds it up in
// a fixed order and in double precision. 64 x 32 x 32 rows of 16 channels are 4.2 MB in 256 patches, which leave 48 KB.
#include "espalier.cuh"

// ---- moments

/**
 * parts [patches, 4, c], of each patch: its elements, a value near their mean, and the sums of the differences from that value
 * and of their squares.
 */
struct MomentsArgs {
  const float* x;
  float* parts;
  int rows;
  int c;
  int lanes;
};

/**
 * The patch is held in registers and summed twice, the second time around its own mean: where the mean is large beside the
 * deviation, sums of x and x*x would keep no digits of it. That mean is a rounded sum of large numbers; the sum of the
 * differences says what it lacks.
 */
template <int V>
__device__ void momentsParts(const MomentsArgs& a) {
  __shared__ WarpSums<V> sums;
  Patch<V> patch(a.rows, a.c, a.lanes);
  Vec<V> x[Patch<V>::ROWS];
  Vec<V> sum = splat<V>(0);
#pragma unroll
  for (int r = 0; r < Patch<V>::ROWS; r++) {
    x[r] = patch.has(r) ? load<V>(a.x + patch.at(r, a.c)) : splat<V>(0);
    for (int k = 0; k < V; k++) sum[k] += x[r][k];
  }
  Vec<V> mean = columnSum(sum, a.lanes, sums, 0);
  for (int k = 0; k < V; k++) mean[k] /= patch.count();
  Vec<V> rest = splat<V>(0), squares = splat<V>(0);
#pragma unroll
  for (int r = 0; r < Patch<V>::ROWS; r++) {
    for (int k = 0; k < V; k++) {
      float d = patch.has(r) ? x[r][k] - mean[k] : 0;
      rest[k] += d;
      squares[k] += d * d;
    }
  }
  rest = columnSum(rest, a.lanes, sums, 1);
  squares = columnSum(squares, a.lanes, sums, 2);
  if (patch.inside && (int)threadIdx.x < a.lanes) {
    leaveMoments(a.parts + blockIdx.x * 4 * a.c, a.c, patch.channel, patch.count(), mean, rest, squares);
  }
}

KERNEL __launch_bounds__(BLOCK) moments_parts_v4(JOBS) { JOB(MomentsArgs); momentsParts<4>(a); }
KERNEL __launch_bounds__(BLOCK) moments_parts_v1(JOBS) { JOB(MomentsArgs); momentsParts<1>(a); }

constexpr int JOINS = 32;

/** Parts as MomentsArgs has them, and the moments [2, c] to make of them. */
struct MomentsJoin {
  const float* parts;
  float* moments;
  int patches;
  int c;
};

struct MomentsJoinArgs {
  MomentsJoin join[JOINS];
};

/**
 * Mean and variance of all patches together, as Chan, Golub and LeVeque (1979) join them. One join to a blockIdx.y. With e
 * the distance of a patch's value from the mean, the squares around the mean are squares + 2*e*sum + n*e*e.
 */
KERNEL __launch_bounds__(BLOCK) moments_join(JOBS) {
  JOB(MomentsJoinArgs);
  __shared__ double shared[WARPS][32];
  const MomentsJoin& j = a.join[blockIdx.y];
  Join by(j.c);
  int patches = by.column < j.c ? j.patches : 0;
  double n = 0, sum = 0;
#pragma unroll 4
  for (int p = by.first; p < patches; p += by.step) {
    const float* part = j.parts + p * 4 * j.c + by.column;
    n += part[0];
    sum += (double)part[0] * part[j.c] + part[2 * j.c];
  }
  n = by.sum(n, shared);
  double mean = by.sum(sum, shared) / n;
  double squares = 0;
#pragma unroll 4
  for (int p = by.first; p < patches; p += by.step) {
    const float* part = j.parts + p * 4 * j.c + by.column;
    double e = part[j.c] - mean;
    squares += part[3 * j.c] + e * (2.0 * part[2 * j.c] + e * part[0]);
  }
  squares = by.sum(squares, shared);
  if (by.first == 0 && by.column < j.c) {
    j.moments[by.column] = (float)mean;
    j.moments[j.c + by.column] = (float)(squares / n);
  }
}

// ---- normalisation

/** y = (x - mean)/sqrt(variance + eps)*gamma + beta. */
struct NormalizeArgs {
  const float* x;
  const float* moments;
  const float* gamma;
  const float* beta;
  float* y;
  float eps;
  int rows;
  int c;
  int lanes;
};

template <int V>
__device__ void normalize(const NormalizeArgs& a) {
  Patch<V> patch(a.rows, a.c, a.lanes);
  if (!patch.inside) return;
  Vec<V> mean = load<V>(a.moments + patch.channel);
  Vec<V> scale = load<V>(a.moments + a.c + patch.channel);
  Vec<V> gamma = a.gamma ? load<V>(a.gamma + patch.channel) : splat<V>(1);
  Vec<V> beta = a.beta ? load<V>(a.beta + patch.channel) : splat<V>(0);
  for (int k = 0; k < V; k++) scale[k] = gamma[k] / sqrtf(scale[k] + a.eps);
#pragma unroll
  for (int r = 0; r < Patch<V>::ROWS; r++) {
    if (patch.has(r)) {
      Vec<V> x = load<V>(a.x + patch.at(r, a.c));
      for (int k = 0; k < V; k++) x[k] = (x[k] - mean[k]) * scale[k] + beta[k];
      store(a.y + patch.at(r, a.c), x);
    }
  }
}

KERNEL __launch_bounds__(BLOCK) normalize_v4(JOBS) { JOB(NormalizeArgs); normalize<4>(a); }
KERNEL __launch_bounds__(BLOCK) normalize_v1(JOBS) { JOB(NormalizeArgs); normalize<1>(a); }

// ---- its gradient

/** parts [patches, 2, c]: sum of dy, and of dy*(x - mean). */
struct NormalizeGradArgs {
  const float* x;
  const float* moments;
  const float* dy;
  float* parts;
  int rows;
  int c;
  int lanes;
};

template <int V>
__device__ void normalizeGradParts(const NormalizeGradArgs& a) {
  __shared__ WarpSums<V> sums;
  Patch<V> patch(a.rows, a.c, a.lanes);
  Vec<V> mean = patch.inside ? load<V>(a.moments + patch.channel) : splat<V>(0);
  Vec<V> g = splat<V>(0), gx = splat<V>(0);
#pragma unroll
  for (int r = 0; r < Patch<V>::ROWS; r++) {
    if (patch.has(r)) {
      Vec<V> dy = load<V>(a.dy + patch.at(r, a.c)), x = load<V>(a.x + patch.at(r, a.c));
      for (int k = 0; k < V; k++) {
        g[k] += dy[k];
        gx[k] += dy[k] * (x[k] - mean[k]);
      }
    }
  }
  g = columnSum(g, a.lanes, sums, 0);
  gx = columnSum(gx, a.lanes, sums, 1);
  if (patch.inside && (int)threadIdx.x < a.lanes) {
    float* parts = a.parts + blockIdx.x * 2 * a.c + patch.channel;
    store(parts, g);
    store(parts + a.c, gx);
  }
}

KERNEL __launch_bounds__(BLOCK) normalize_grad_parts_v4(JOBS) {
  JOB(NormalizeGradArgs);
  normalizeGradParts<4>(a);
}
KERNEL __launch_bounds__(BLOCK) normalize_grad_parts_v1(JOBS) {
  JOB(NormalizeGradArgs);
  normalizeGradParts<1>(a);
}

struct NormalizeGradJoinArgs {
  const float* parts;
  const float* moments;
  const float* gamma;
  float* coefficients;
  float* dgamma;
  float* dbeta;
  float eps;
  int batch;
  int patches;
  int rows;
  int c;
};

/** The coefficients [4, c] of the rule that the gradient of x is: see Upstream. */
KERNEL __launch_bounds__(BLOCK) normalize_grad_join(JOBS) {
  JOB(NormalizeGradJoinArgs);
  __shared__ double shared[WARPS][32];
  Join by(a.c);
  int channel = by.column;
  double g = 0, gx = 0;
  if (channel < a.c) {
#pragma unroll 4
    for (int p = by.first; p < a.patches; p += by.step) {
      g += a.parts[p * 2 * a.c + channel];
      gx += a.parts[(p * 2 + 1) * a.c + channel];
    }
  }
  g = by.sum(g, shared);
  gx = by.sum(gx, shared);
  if (by.first != 0 || channel >= a.c) return;
  double inverse = 1 / sqrt((double)a.moments[a.c + channel] + a.eps);
  gx *= inverse;
  if (a.dgamma) a.dgamma[channel] += (float)gx;
  if (a.dbeta) a.dbeta[channel] += (float)g;
  double scale = inverse * (a.gamma ? a.gamma[channel] : 1);
  double rule = a.batch ? scale / a.rows : 0;
  a.coefficients[channel] = a.moments[channel];
  a.coefficients[a.c + channel] = (float)scale;
  a.coefficients[2 * a.c + channel] = (float)(-rule * inverse * gx);
  a.coefficients[3 * a.c + channel] = (float)(-rule * g);
}

/** dx (+)= scale*g + slope*(x - mean) + shift: a rule that nobody could apply on the way, written out. */
struct GradientArgs {
  const float* g;
  const float* coefficients;
  const float* x;
  float* dx;
  int rows;
  int c;
  int lanes;
  int add;
};

template <int V>
__device__ void gradient(const GradientArgs& a) {
  Patch<V> patch(a.rows, a.c, a.lanes);
  Rule<V> rule(a.coefficients, a.c, patch.channel, patch.inside);
#pragma unroll
  for (int r = 0; r < Patch<V>::ROWS; r++) {
    if (patch.has(r)) {
      int i = patch.at(r, a.c);
      put(a.dx + i, rule.at(a.g, a.x, i), a.add);
    }
  }
}

KERNEL __launch_bounds__(BLOCK) gradient_v4(JOBS) { JOB(GradientArgs); gradient<4>(a); }
KERNEL __launch_bounds__(BLOCK) gradient_v1(JOBS) { JOB(GradientArgs); gradient<1>(a); }
