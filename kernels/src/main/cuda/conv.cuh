// What the convolutions share: tiles of positions, and the part of the input that they look at, in shared memory.
//
// A position is where a result is computed. A tap (ky, kx) of the window joins it to one pixel of the source:
//   forward, the source being x:            iy = oy*stride + ky*dilation - pad
//   gradient of x, the source being dy:     oy = (iy + pad - ky*dilation)/stride, where that is whole
// `pad` being how far before the source the first window begins: negative where it begins within (Conv.before).
// In the second form, all positions that are alike modulo the stride (a class) have the same taps, and neighbours among
// them look at neighbouring pixels. So both are the same loop, with a step of `stride` in the first and of 1 in the second.
#pragma once
#include "espalier.cuh"

constexpr int ARMS = 16;
constexpr int MAX_TAPS = 64;
constexpr int DEPTH = 16; // channels of a block of depthwise convolutions
constexpr int MOST = 640; // threads of a block for weights: the register file has 100 for each of them

/** [n, h, w] positions, cut into tiles of images x rows x cols of them, all powers of two. */
struct Tiling {
  int n, h, w;
  int images, rows, cols;
};

/** The tile of a block: its first position. */
struct Tile {
  int image, y, x;

  __device__ Tile(const Tiling& t, int index) {
    int wide = (t.w + t.cols - 1) / t.cols, tall = (t.h + t.rows - 1) / t.rows;
    x = index % wide * t.cols;
    y = index / wide % tall * t.rows;
    image = index / (wide * tall) * t.images;
  }

  /** How many of its positions exist. */
  __device__ int count(const Tiling& t) const {
    return min(t.images, t.n - image) * min(t.rows, t.h - y) * min(t.cols, t.w - x);
  }
};

/** Position p of a tile: counted from the tile's first. */
struct Position {
  int image, y, x;

  /** By shifts: a thread has eight positions, and the divisions would take as long as its products. */
  __device__ Position(const Tiling& t, int p) {
    int cols = __ffs(t.cols) - 1, rows = __ffs(t.rows) - 1;
    x = p & (t.cols - 1);
    y = p >> cols & (t.rows - 1);
    image = p >> (cols + rows);
  }
};

/** A piece of a source [n, h, w, c]: images x tall x wide pixels of `pitch` floats, from pixel (image, y, x). */
struct Piece {
  int images, tall, wide, pitch;
  int image, y, x;

  /** Where the pixel under position p's first tap lies. */
  __device__ int at(const Position& p, int step) const {
    return ((p.image * tall + p.y * step) * wide + p.x * step) * pitch;
  }
};

/** Which pixel of the source the i-th of a piece is. */
struct Pixels {
  const Piece& piece;
  int n, h, w;
  float row, plane;

  __device__ Pixels(const Piece& piece_, int n_, int h_, int w_)
      : piece(piece_), n(n_), h(h_), w(w_), row(1.0f / piece_.wide), plane(1.0f / piece_.tall) {}

  /**
   * Its number, or -1 where there is none. Divisions of integers would be most of a copy's instructions; the half keeps the
   * quotients exact, by far for what fits.
   */
  __device__ int at(int i) const {
    int down = (int)((i + 0.5f) * row), on = (int)((down + 0.5f) * plane);
    int x = piece.x + i - down * piece.wide, y = piece.y + down - on * piece.tall, image = piece.image + on;
    return image < n && y >= 0 && y < h && x >= 0 && x < w ? (image * h + y) * w + x : -1;
  }
};

/**
 * Copies `lanes` vectors of each of a piece's pixels to shared memory, zero where there is no pixel. A thread always has the
 * lane threadIdx.x % lanes, for lanes is a power of two; value(pixel) reads that lane's vector, rectified or by its rule.
 */
template <int V, class Value>
__device__ inline void fill(float* shared, const Piece& piece, int lanes, int n, int h, int w, Value value) {
  int lane = threadIdx.x % lanes;
  int pixels = piece.images * piece.tall * piece.wide;
  Pixels source(piece, n, h, w);
  for (int i = threadIdx.x / lanes; i < pixels; i += blockDim.x / lanes) {
    int pixel = source.at(i);
    store(shared + i * piece.pitch + lane * V, pixel >= 0 ? value(pixel) : splat<V>(0));
  }
}

/** V channels of x [.., c], rectified if asked for; zero beyond the last channel. */
template <int V>
struct Values {
  const float* x;
  int c, channel, relu;

  __device__ Vec<V> operator()(int pixel) const {
    if (channel >= c) return splat<V>(0);
    Vec<V> v = load<V>(x + pixel * c + channel);
    if (relu) {
      for (int k = 0; k < V; k++) v[k] = v[k] < 0 ? 0 : v[k];
    }
    return v;
  }
};

/** V channels of the gradient that a rule makes of g and y [.., c]; zero beyond the last channel. */
template <int V>
struct Gradients {
  const float* g;
  const float* y;
  int c, channel;
  Rule<V> rule;

  __device__ Gradients(const float* g_, const float* y_, const float* coefficients, int c_, int channel_)
      : g(g_), y(y_), c(c_), channel(channel_), rule(coefficients, c_, channel_, channel_ < c_) {}

  __device__ Vec<V> operator()(int pixel) const {
    return channel < c ? rule.at(g, y, pixel * c + channel) : splat<V>(0);
  }
};

/** What `value` reads, rounded where it is for tensor cores. */
template <bool TF32, int V, class Value>
struct Rounded {
  Value value;

  __device__ Vec<V> operator()(int pixel) const {
    Vec<V> v = value(pixel);
    if (TF32) {
      for (int k = 0; k < V; k++) v[k] = tf32(v[k]);
    }
    return v;
  }
};

/** The taps of an arm: which of the weight's, and where its pixel lies beside the first one of the piece. */
struct Taps {
  int count;
  int tap[MAX_TAPS];
  int offset[MAX_TAPS];
  int y, x;       // the least offsets in the source: the piece begins there
  int tall, wide; // by how much the piece is larger than the positions
};

/** All taps of a kh x kw window for the forward pass, into shared memory; fromY, fromX: where the piece begins. */
__device__ inline void forwardTaps(
    Taps& taps, int kh, int kw, int pad, int dilation, int fromY, int fromX, int wide, int pitch) {
  int i = threadIdx.x;
  if (i == 0) taps.count = kh * kw;
  if (i < kh * kw) {
    taps.tap[i] = i;
    taps.offset[i] = ((i / kw * dilation - pad - fromY) * wide + i % kw * dilation - pad - fromX) * pitch;
  }
}

/** Offsets of the taps of one axis that class `of` has: least <= offset <= largest. */
struct Reach {
  int least, largest;

  __device__ Reach(int of, int k, int pad, int dilation, int stride) : least(1 << 30), largest(-(1 << 30)) {
    for (int i = 0; i < k; i++) {
      int o = of + pad - i * dilation;
      if (o % stride == 0) {
        least = min(least, o / stride);
        largest = max(largest, o / stride);
      }
    }
  }
  __device__ bool none() const { return least > largest; }
};

/** The taps of class (cy, cx) for the gradient of x; `cols`, `pitch`: of the piece's positions. One thread's work. */
__device__ inline void gradientTaps(Taps& taps, int kh, int kw, int pad, int dilation, int stride, int cy, int cx, int cols, int pitch) {
  Reach down(cy, kh, pad, dilation, stride), across(cx, kw, pad, dilation, stride);
  int count = 0;
  if (!down.none() && !across.none()) {
    taps.y = down.least;
    taps.x = across.least;
    taps.tall = down.largest - down.least;
    taps.wide = across.largest - across.least;
    for (int i = 0; i < kh * kw; i++) {
      int oy = cy + pad - i / kw * dilation, ox = cx + pad - i % kw * dilation;
      if (oy % stride == 0 && ox % stride == 0) {
        taps.tap[count] = i;
        taps.offset[count++] = ((oy / stride - taps.y) * (cols + taps.wide) + ox / stride - taps.x) * pitch;
      }
    }
  }
  taps.count = count;
}
