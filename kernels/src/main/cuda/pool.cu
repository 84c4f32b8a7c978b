// Pooling over [N, H, W, C]. Padding never counts: the maximum ignores it, the average divides by the pixels inside.
#include "espalier.cuh"

struct PoolArgs {
  const float* x;
  const float* dy; // the gradient of y, in the backward pass
  float* y;        // the result, or the gradient of x
  int max;         // or the average
  int n, h, w, c;
  int k, stride, pad;
  int outH, outW;
  int add;
};

/** The part of window (image, oy, ox) that lies inside the image: rows y0 <= y < y1, columns x0 <= x < x1. */
struct Window {
  int y0, y1, x0, x1;

  __device__ Window(const PoolArgs& a, int oy, int ox) {
    int y = oy * a.stride - a.pad, x = ox * a.stride - a.pad;
    y0 = max(y, 0);
    x0 = max(x, 0);
    y1 = min(y + a.k, a.h);
    x1 = min(x + a.k, a.w);
  }

  __device__ int count() const { return (y1 - y0) * (x1 - x0); }
};

/** V channels of one window a thread. The k*k reads of an input lie close together in time: the cache serves all but one. */
template <int V>
__device__ void pool(const PoolArgs& a) {
  int lanes = a.c / V;
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < 0 || i >= a.n * a.outH * a.outW * lanes) return;
  int channel = i % lanes * V, out = i / lanes;
  int ox = out % a.outW, oy = out / a.outW % a.outH, image = out / (a.outW * a.outH);
  Window window(a, oy, ox);
  const float* x = a.x + image * a.h * a.w * a.c + channel;
  Vec<V> best = a.max ? load<V>(x + (window.y0 * a.w + window.x0) * a.c) : splat<V>(0);
  for (int iy = window.y0; iy < window.y1; iy++) {
    for (int ix = window.x0; ix < window.x1; ix++) {
      Vec<V> value = load<V>(x + (iy * a.w + ix) * a.c);
      for (int k = 0; k < V; k++) {
        best[k] = a.max ? (value[k] > best[k] ? value[k] : best[k]) : best[k] + value[k];
      }
    }
  }
  if (!a.max) {
    for (int k = 0; k < V; k++) best[k] /= window.count();
  }
  store(a.y + out * a.c + channel, best);
}

KERNEL __launch_bounds__(BLOCK) pool_v4(JOBS) { JOB(PoolArgs); pool<4>(a); }
KERNEL __launch_bounds__(BLOCK) pool_v1(JOBS) { JOB(PoolArgs); pool<1>(a); }

// ---- the gradient: every input gathers from the windows it lies in, so that nothing is added twice at a time

/** Windows along one axis that hold position i: from <= o <= to. */
__device__ inline void windows(const PoolArgs& a, int i, int out, int& from, int& to) {
  int first = i + a.pad - a.k + 1; // windows start at o*stride - pad
  from = first <= 0 ? 0 : (first + a.stride - 1) / a.stride;
  to = min((i + a.pad) / a.stride, out - 1);
}

template <int V>
__device__ void averagePoolGrad(const PoolArgs& a) {
  int lanes = a.c / V;
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < 0 || i >= a.n * a.h * a.w * lanes) return;
  int channel = i % lanes * V, in = i / lanes;
  int ix = in % a.w, iy = in / a.w % a.h, image = in / (a.w * a.h);
  int fromY, toY, fromX, toX;
  windows(a, iy, a.outH, fromY, toY);
  windows(a, ix, a.outW, fromX, toX);
  const float* dy = a.dy + image * a.outH * a.outW * a.c + channel;
  Vec<V> sum = splat<V>(0);
  for (int oy = fromY; oy <= toY; oy++) {
    for (int ox = fromX; ox <= toX; ox++) {
      Vec<V> d = load<V>(dy + (oy * a.outW + ox) * a.c);
      float count = Window(a, oy, ox).count();
      for (int k = 0; k < V; k++) sum[k] += d[k] / count;
    }
  }
  put(a.y + in * a.c + channel, sum, a.add);
}

KERNEL __launch_bounds__(BLOCK) average_pool_grad_v4(JOBS) { JOB(PoolArgs); averagePoolGrad<4>(a); }
KERNEL __launch_bounds__(BLOCK) average_pool_grad_v1(JOBS) { JOB(PoolArgs); averagePoolGrad<1>(a); }

constexpr int POOL_TILE = 8;      // inputs of a block, along both axes
constexpr int POOL_CHANNELS = 16; // and its channels

/**
 * The gradient of the maximum, POOL_TILE^2 inputs by 16 channels a block. First the block finds where the maximum of each
 * window that touches the tile lies, and keeps it with the window's gradient; then each input picks up what is meant for
 * it. For 3x3 at stride 1 that is 100 windows for 64 inputs, instead of the 9 windows of 9 elements that each input would
 * have to look through. Dynamic shared memory: [windows, 16] gradients and as many places.
 */
KERNEL __launch_bounds__(BLOCK) max_pool_grad(JOBS) {
  JOB(PoolArgs);
  DYNAMIC_SHARED(float, gradient);
  int tilesX = (a.w + POOL_TILE - 1) / POOL_TILE, tilesY = (a.h + POOL_TILE - 1) / POOL_TILE;
  int tileX = blockIdx.x % tilesX * POOL_TILE, tileY = blockIdx.x / tilesX % tilesY * POOL_TILE;
  int image = blockIdx.x / (tilesX * tilesY);
  int channel = blockIdx.y * POOL_CHANNELS + threadIdx.x % POOL_CHANNELS;
  int first = threadIdx.x / POOL_CHANNELS, step = BLOCK / POOL_CHANNELS;
  int fromY, toY, fromX, toX, unused;
  windows(a, tileY, a.outH, fromY, unused);
  windows(a, min(tileY + POOL_TILE, a.h) - 1, a.outH, unused, toY);
  windows(a, tileX, a.outW, fromX, unused);
  windows(a, min(tileX + POOL_TILE, a.w) - 1, a.outW, unused, toX);
  int wide = toX - fromX + 1, count = wide * (toY - fromY + 1);
  int* place = reinterpret_cast<int*>(gradient + count * POOL_CHANNELS);
  bool inside = channel < a.c;
  const float* x = a.x + image * a.h * a.w * a.c + channel;
  for (int i = first; inside && i < count; i += step) {
    int oy = fromY + i / wide, ox = fromX + i % wide;
    Window window(a, oy, ox);
    int best = window.y0 * a.w + window.x0;
    float largest = x[best * a.c];
    for (int iy = window.y0; iy < window.y1; iy++) {
      for (int ix = window.x0; ix < window.x1; ix++) {
        float value = x[(iy * a.w + ix) * a.c];
        if (value > largest) { // strictly: the first among equals takes the gradient
          largest = value;
          best = iy * a.w + ix;
        }
      }
    }
    gradient[i * POOL_CHANNELS + threadIdx.x % POOL_CHANNELS] = a.dy[((image * a.outH + oy) * a.outW + ox) * a.c + channel];
    place[i * POOL_CHANNELS + threadIdx.x % POOL_CHANNELS] = best;
  }
  __syncthreads();
  for (int i = first; inside && i < POOL_TILE * POOL_TILE; i += step) {
    int iy = tileY + i / POOL_TILE, ix = tileX + i % POOL_TILE;
    if (iy >= a.h || ix >= a.w) continue;
    int y0, y1, x0, x1;
    windows(a, iy, a.outH, y0, y1);
    windows(a, ix, a.outW, x0, x1);
    float sum = 0;
    for (int oy = y0; oy <= y1; oy++) {
      for (int ox = x0; ox <= x1; ox++) {
        int at = ((oy - fromY) * wide + ox - fromX) * POOL_CHANNELS + threadIdx.x % POOL_CHANNELS;
        if (place[at] == iy * a.w + ix) sum += gradient[at];
      }
    }
    float* dx = a.y + ((image * a.h + iy) * a.w + ix) * a.c + channel;
    *dx = a.add ? *dx + sum : sum;
  }
}
