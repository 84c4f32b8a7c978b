// Convolutions of any kind, one result a thread: for grouped ones and for windows too large for the tiles of the others.
// Plain on purpose: no network of the search spaces has such a convolution.
#include "espalier.cuh"

struct AnyConvArgs {
  const float* x;
  const float* w; // [kh, kw, in/groups, out]
  float* y;
  const float* g; // the gradient of y and its rule, in the backward passes
  const float* coefficients;
  float* dx;
  float* dw;
  int relu, add;
  int n, h, w_, in, out, kh, kw, stride, pad, dilation, groups;
  int outH, outW;
};

__device__ inline float rectified(const AnyConvArgs& a, int i) { return a.relu && a.x[i] < 0 ? 0 : a.x[i]; }

KERNEL any_conv(JOBS) {
  JOB(AnyConvArgs);
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < 0 || i >= a.n * a.outH * a.outW * a.out) return;
  int o = i % a.out, ox = i / a.out % a.outW, oy = i / a.out / a.outW % a.outH, image = i / a.out / a.outW / a.outH;
  int depth = a.in / a.groups, from = o / (a.out / a.groups) * depth;
  float sum = 0;
  for (int tap = 0; tap < a.kh * a.kw; tap++) {
    int iy = oy * a.stride - a.pad + tap / a.kw * a.dilation, ix = ox * a.stride - a.pad + tap % a.kw * a.dilation;
    if (iy < 0 || iy >= a.h || ix < 0 || ix >= a.w_) continue;
    int pixel = ((image * a.h + iy) * a.w_ + ix) * a.in + from;
    for (int k = 0; k < depth; k++) sum += rectified(a, pixel + k) * a.w[(tap * depth + k) * a.out + o];
  }
  a.y[i] = sum;
}

KERNEL any_conv_grad(JOBS) {
  JOB(AnyConvArgs);
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < 0 || i >= a.n * a.h * a.w_ * a.in) return;
  int c = i % a.in, ix = i / a.in % a.w_, iy = i / a.in / a.w_ % a.h, image = i / a.in / a.w_ / a.h;
  int depth = a.in / a.groups, width = a.out / a.groups, from = c / depth * width;
  float sum = 0;
  for (int tap = 0; tap < a.kh * a.kw; tap++) {
    int oy = iy + a.pad - tap / a.kw * a.dilation, ox = ix + a.pad - tap % a.kw * a.dilation;
    if (oy < 0 || ox < 0 || oy % a.stride || ox % a.stride || oy / a.stride >= a.outH || ox / a.stride >= a.outW) continue;
    int pixel = ((image * a.outH + oy / a.stride) * a.outW + ox / a.stride) * a.out;
    for (int o = from; o < from + width; o++) {
      Rule<1> rule(a.coefficients, a.out, o, true);
      sum += rule.at(a.g, a.y, pixel + o)[0] * a.w[(tap * depth + c % depth) * a.out + o];
    }
  }
  if (a.relu && !(a.x[i] > 0)) sum = 0;
  a.dx[i] = a.add ? a.dx[i] + sum : sum;
}

/** One element of the weight a block: dw += its sum over all results, in an order that the block's size fixes. */
KERNEL __launch_bounds__(BLOCK) any_conv_weight(JOBS) {
  JOB(AnyConvArgs);
  __shared__ double warps[WARPS];
  int depth = a.in / a.groups;
  int o = blockIdx.x % a.out, k = blockIdx.x / a.out % depth, tap = blockIdx.x / a.out / depth;
  int c = o / (a.out / a.groups) * depth + k;
  Rule<1> rule(a.coefficients, a.out, o, true);
  double sum = 0;
  for (int p = threadIdx.x; p < a.n * a.outH * a.outW; p += BLOCK) {
    int iy = p / a.outW % a.outH * a.stride - a.pad + tap / a.kw * a.dilation;
    int ix = p % a.outW * a.stride - a.pad + tap % a.kw * a.dilation;
    if (iy < 0 || iy >= a.h || ix < 0 || ix >= a.w_) continue;
    int pixel = (p / (a.outW * a.outH) * a.h + iy) * a.w_ + ix;
    sum += (double)rectified(a, pixel * a.in + c) * rule.at(a.g, a.y, p * a.out + o)[0];
  }
  sum = blockSum(sum, warps);
  if (threadIdx.x == 0) a.dw[blockIdx.x] += (float)sum;
}

/** c [m, n] (+)= a^T b^T for a [k, m], b [n, k]. The other forms of a product are convolutions of 1x1. */
struct GemmTTArgs {
  const float* a;
  const float* b;
  float* c;
  int m, n, k;
  int add;
};

KERNEL gemm_tt(JOBS) {
  JOB(GemmTTArgs);
  sweep<1>(a.m * a.n, [&](int i, auto) {
    float sum = 0;
    for (int k = 0; k < a.k; k++) sum += a.a[k * a.m + i / a.n] * a.b[i % a.n * a.k + k];
    a.c[i] = a.add ? a.c[i] + sum : sum;
  });
}
