// Sweeps over a parameter arena: one launch, whatever the number of parameters. What changes from step to step (rates, what
// Adam makes of the step's number) is read from device memory, so that a captured step finds the new value there.
#include "espalier.cuh"

struct ClipArgs {
  float* x;
  const float* norm;
  const float* max;
  int size;
};

/** x *= min(1, max/(norm + 1e-6)); the norm never leaves the device. */
template <int V>
__device__ void clip(const ClipArgs& a) {
  float scale = *a.max / (*a.norm + 1e-6f);
  if (!(scale < 1)) return;
  sweep<V>(a.size, [&](int i, auto width) {
    constexpr int W = decltype(width)::value;
    Vec<W> x = load<W>(a.x + i);
    for (int k = 0; k < W; k++) x[k] *= scale;
    store(a.x + i, x);
  });
}

KERNEL clip_v4(JOBS) { JOB(ClipArgs); clip<4>(a); }
KERNEL clip_v1(JOBS) { JOB(ClipArgs); clip<1>(a); }

/** d = g + decay*w; v = momentum*v + d; w -= rate*(nesterov ? d + momentum*v : v). */
struct SgdArgs {
  float* w;
  const float* g;
  float* v;
  const float* rate;
  float momentum;
  float decay;
  int nesterov;
  int size;
};

template <int V>
__device__ void sgd(const SgdArgs& a) {
  float rate = *a.rate;
  sweep<V>(a.size, [&](int i, auto width) {
    constexpr int W = decltype(width)::value;
    Vec<W> w = load<W>(a.w + i), g = load<W>(a.g + i), v = load<W>(a.v + i);
    for (int k = 0; k < W; k++) {
      float d = g[k] + a.decay * w[k];
      v[k] = a.momentum * v[k] + d;
      w[k] -= rate * (a.nesterov ? d + a.momentum * v[k] : v[k]);
    }
    store(a.v + i, v);
    store(a.w + i, w);
  });
}

KERNEL sgd_v4(JOBS) { JOB(SgdArgs); sgd<4>(a); }
KERNEL sgd_v1(JOBS) { JOB(SgdArgs); sgd<1>(a); }

/**
 * Adam (Kingma and Ba 2015), L2 decay added to the gradient. What depends on the step alone comes made: rate/(1 - beta1^t)
 * and 1/sqrt(1 - beta2^t).
 */
struct AdamArgs {
  float* w;
  const float* g;
  float* m;
  float* v;
  const float* rate;
  const float* correction;
  float beta1;
  float beta2;
  float eps;
  float decay;
  int size;
};

template <int V>
__device__ void adam(const AdamArgs& a) {
  float rate = *a.rate, correction = *a.correction;
  sweep<V>(a.size, [&](int i, auto width) {
    constexpr int W = decltype(width)::value;
    Vec<W> w = load<W>(a.w + i), g = load<W>(a.g + i), m = load<W>(a.m + i), v = load<W>(a.v + i);
    for (int k = 0; k < W; k++) {
      float d = g[k] + a.decay * w[k];
      m[k] = a.beta1 * m[k] + (1 - a.beta1) * d;
      v[k] = a.beta2 * v[k] + (1 - a.beta2) * d * d;
      w[k] -= rate * m[k] / (sqrtf(v[k]) * correction + a.eps);
    }
    store(a.m + i, m);
    store(a.v + i, v);
    store(a.w + i, w);
  });
}

KERNEL adam_v4(JOBS) { JOB(AdamArgs); adam<4>(a); }
KERNEL adam_v1(JOBS) { JOB(AdamArgs); adam<1>(a); }
