// The mixed sum: a node of the supernet, y = sum_t w_t * (x_t - mean_t)/sqrt(variance_t + eps), in one read of each
// term and one write. A node of DARTS' cell with 4 incoming edges sums 28 terms: composed, that is 28 reads and writes of
// a sum and of a normalised copy besides; so, 29 passes in all. The weights stay on the device.
#include "espalier.cuh"

constexpr int MIX_TERMS = 40;

/** A term; weight is an index, or -1 for the constant 1. */
struct MixTerm {
  const float* x;
  const float* moments;
  int weight;
  int unused;
};

struct MixArgs {
  const float* weights;
  float* y;
  float eps;
  int terms;
  int rows;
  int c;
  int lanes, depth;
  int add;
  MixTerm term[MIX_TERMS];
};

template <int V>
__device__ void mixedSum(const MixArgs& a) {
  Patch<V> patch(a.rows, a.c, a.lanes, a.depth);
  if (!patch.inside) return;
  Vec<V> y[Patch<V>::ROWS];
#pragma unroll
  for (int r = 0; r < Patch<V>::ROWS; r++) {
    y[r] = a.add && patch.has(r) ? load<V>(a.y + patch.at(r, a.c)) : splat<V>(0);
  }
  for (int t = 0; t < a.terms; t++) {
    const MixTerm& term = a.term[t];
    float weight = term.weight < 0 ? 1 : a.weights[term.weight];
    Vec<V> mean = splat<V>(0), scale = splat<V>(weight);
    if (term.moments) {
      mean = load<V>(term.moments + patch.channel);
      Vec<V> variance = load<V>(term.moments + a.c + patch.channel);
      for (int k = 0; k < V; k++) scale[k] = weight / sqrtf(variance[k] + a.eps);
    }
#pragma unroll
    for (int r = 0; r < Patch<V>::ROWS; r++) {
      if (patch.has(r)) {
        Vec<V> x = load<V>(term.x + patch.at(r, a.c));
        for (int k = 0; k < V; k++) y[r][k] += (x[k] - mean[k]) * scale[k];
      }
    }
  }
#pragma unroll
  for (int r = 0; r < Patch<V>::ROWS; r++) {
    if (patch.has(r)) store(a.y + patch.at(r, a.c), y[r]);
  }
}

KERNEL __launch_bounds__(BLOCK) mixed_sum_v4(JOBS) { JOB(MixArgs); mixedSum<4>(a); }
KERNEL __launch_bounds__(BLOCK) mixed_sum_v1(JOBS) { JOB(MixArgs); mixedSum<1>(a); }

// ---- its gradient

/**
 * A term of the backward pass. Without moments, gradient (if any) is that of x and is written here, w*dy; with them it
 * takes the coefficients of the rule, in the second stage. Without x, the term was not computed.
 */
struct MixGradTerm {
  const float* x;
  const float* moments;
  float* gradient;
  int weight;
  int add;
};

/** parts [patches, 1 + terms, c]: the sum of dy, then for each term that of dy*(x - mean). */
struct MixGradArgs {
  const float* weights;
  const float* dy;
  float* parts;
  int terms;
  int rows;
  int c;
  int lanes, depth;
  MixGradTerm term[MIX_TERMS];
};

/** What a thread has of a term's values; zero where there is none, or no term. */
template <int V>
__device__ inline void fetch(Vec<V> (&x)[Patch<V>::ROWS], const MixGradArgs& a, int t, const Patch<V>& patch) {
  const float* from = t < a.terms ? a.term[t].x : nullptr;
#pragma unroll
  for (int r = 0; r < Patch<V>::ROWS; r++) {
    x[r] = from && patch.has(r) ? load<V>(from + patch.at(r, a.c)) : splat<V>(0);
  }
}

/**
 * dy is read once and kept in registers while the terms go by. The next term is on its way while the sum over the block, and
 * its barrier, has to be waited for.
 */
template <int V>
__device__ void mixedSumGradParts(const MixGradArgs& a) {
  constexpr int ROWS = Patch<V>::ROWS;
  __shared__ WarpSums<V> sums;
  Patch<V> patch(a.rows, a.c, a.lanes, a.depth);
  bool writes = patch.inside && (int)threadIdx.x < a.lanes;
  float* parts = a.parts + blockIdx.x * (1 + a.terms) * a.c + patch.channel;
  Vec<V> dy[ROWS], x[ROWS], next[ROWS];
  Vec<V> sum = splat<V>(0);
  fetch(next, a, 0, patch);
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    dy[r] = patch.has(r) ? load<V>(a.dy + patch.at(r, a.c)) : splat<V>(0);
    for (int k = 0; k < V; k++) sum[k] += dy[r][k];
  }
  int turn = 0;
  sum = columnSum(sum, a.lanes, sums, turn++);
  if (writes) store(parts, sum);
  for (int t = 0; t < a.terms; t++) {
    const MixGradTerm& term = a.term[t];
#pragma unroll
    for (int r = 0; r < ROWS; r++) x[r] = next[r];
    fetch(next, a, t + 1, patch);
    if (!term.x) continue;
    Vec<V> mean = term.moments && patch.inside ? load<V>(term.moments + patch.channel) : splat<V>(0);
    sum = splat<V>(0);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      for (int k = 0; k < V; k++) sum[k] += dy[r][k] * (x[r][k] - mean[k]);
    }
    if (term.gradient && !term.moments) {
      float weight = term.weight < 0 ? 1 : a.weights[term.weight];
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        if (!patch.has(r)) continue;
        for (int k = 0; k < V; k++) x[r][k] = weight * dy[r][k];
        put(term.gradient + patch.at(r, a.c), x[r], term.add);
      }
    }
    sum = columnSum(sum, a.lanes, sums, turn++);
    if (writes) store(parts + (t + 1) * a.c, sum);
  }
}

KERNEL __launch_bounds__(BLOCK) mixed_sum_grad_parts_v4(JOBS) {
  JOB(MixGradArgs);
  mixedSumGradParts<4>(a);
}
KERNEL __launch_bounds__(BLOCK) mixed_sum_grad_parts_v1(JOBS) {
  JOB(MixGradArgs);
  mixedSumGradParts<1>(a);
}

struct MixGradJoinArgs {
  const float* weights;
  const float* parts;
  float* dWeights;
  float eps;
  int terms;
  int patches;
  int rows;
  int c;
  MixGradTerm term[MIX_TERMS];
};

/**
 * The sum over all channels of sum dy*xhat of a term, which is the gradient of its weight: alpha's gradient, for nothing
 * but this addition. Where `own`, the rule's coefficients are written on the way.
 */
__device__ double joinTerm(const MixGradJoinArgs& a, int t, bool own, double (*shared)[32]) {
  const MixGradTerm& term = a.term[t];
  Join by(a.c);
  double total = 0;
  for (int from = 0; from < a.c; from += by.columns) {
    int channel = from + threadIdx.x % by.columns;
    double g = 0, gx = 0;
    if (channel < a.c) {
#pragma unroll 4
      for (int p = by.first; p < a.patches; p += by.step) {
        const float* part = a.parts + p * (1 + a.terms) * a.c + channel;
        g += part[0];
        if (term.x) gx += part[(t + 1) * a.c];
      }
    }
    g = by.sum(g, shared);
    gx = by.sum(gx, shared);
    if (by.first != 0 || channel >= a.c) continue; // the others only help to sum
    double inverse = term.moments ? 1 / sqrt((double)term.moments[a.c + channel] + a.eps) : 1;
    gx *= inverse;
    total += term.x ? gx : g;
    if (own && term.x && term.gradient && term.moments) {
      double scale = (term.weight < 0 ? 1 : a.weights[term.weight]) * inverse;
      double rule = scale / a.rows;
      term.gradient[channel] = term.moments[channel];
      term.gradient[a.c + channel] = (float)scale;
      term.gradient[2 * a.c + channel] = (float)(-rule * inverse * gx);
      term.gradient[3 * a.c + channel] = (float)(-rule * g);
    }
  }
  return total;
}

/** One term to a block. Terms may share a weight: the first of them sums for all, so that nobody adds at the same time. */
KERNEL __launch_bounds__(BLOCK) mixed_sum_grad_join(JOBS) {
  JOB(MixGradJoinArgs);
  __shared__ double shared[WARPS][32], warps[WARPS];
  int t = blockIdx.x;
  int weight = a.term[t].weight;
  double total = joinTerm(a, t, true, shared);
  if (!a.dWeights || weight < 0) return;
  for (int u = 0; u < t; u++) {
    if (a.term[u].weight == weight) return;
  }
  for (int u = t + 1; u < a.terms; u++) {
    if (a.term[u].weight == weight) total += joinTerm(a, u, false, shared);
  }
  total = blockSum(total, warps);
  if (threadIdx.x == 0) a.dWeights[weight] += (float)total;
}
