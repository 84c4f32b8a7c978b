// What all kernels share: vectors of channels, sums over rows, the products of the tensor cores.
//
// Activations are [N, H, W, C], so neighbouring threads take neighbouring channels and a thread takes V of them: 4 where
// C and the addresses allow (one 16-byte access), else 1. The arguments of a kernel are one struct; lists come last in it,
// so that the host writes no more of them than there is. Nothing here needs a header of CUDA's: NVRTC compiles it as it is.
#pragma once

// Dynamic shared memory: `DYNAMIC_SHARED(float, tile);` declares `float* tile`.
#ifndef ESPALIER_EMULATOR
#define DYNAMIC_SHARED(type, name)                          \
  extern __shared__ __align__(16) unsigned char dynamic_[]; \
  type* name = reinterpret_cast<type*>(dynamic_)
#endif

#define KERNEL extern "C" __global__ void

// ---- jobs

/** The blocks that a job has, as if it were launched by itself. */
struct Grid {
  unsigned x, y, z, unused;
};

/**
 * A launch computes one job of its kernel or several, none of which needs another's result: their structs lie `jobBytes`
 * apart, each behind its grid. Along z, a job has `jobDepth` layers of blocks; what is beyond its own grid is idle.
 */
#define JOBS const unsigned char *__restrict__ jobs, int jobBytes, int jobDepth

/** Makes `grid`, `layer` (what blockIdx.z is to the job) and the arguments `a` of this block's job known. */
#define JOB(Args)                                                                                     \
  const unsigned char* job = jobs + (unsigned long long)(blockIdx.z / jobDepth) * jobBytes;            \
  [[maybe_unused]] const int layer = blockIdx.z % jobDepth;                                            \
  const Grid grid = *reinterpret_cast<const Grid*>(job);                                               \
  if (blockIdx.x >= grid.x || blockIdx.y >= grid.y || layer >= (int)grid.z) return;                    \
  const Args& a = *reinterpret_cast<const Args*>(job + sizeof(Grid))

// ---- vectors of channels

template <int V>
struct alignas(4 * V) Vec {
  float v[V];
  __device__ float& operator[](int i) { return v[i]; }
  __device__ float operator[](int i) const { return v[i]; }
};

template <int V>
__device__ inline Vec<V> load(const float* p) {
  return *reinterpret_cast<const Vec<V>*>(p);
}

template <int V>
__device__ inline void store(float* p, const Vec<V>& x) {
  *reinterpret_cast<Vec<V>*>(p) = x;
}

template <int V>
__device__ inline Vec<V> splat(float x) {
  Vec<V> r;
#pragma unroll
  for (int i = 0; i < V; i++) r[i] = x;
  return r;
}

/** y = x, or y += x. */
template <int V>
__device__ inline void put(float* y, Vec<V> x, int add) {
  if (add) {
    Vec<V> old = load<V>(y);
#pragma unroll
    for (int i = 0; i < V; i++) x[i] += old[i];
  }
  store<V>(y, x);
}

// ---- sweeps, element by element

template <int W>
struct Width {
  static constexpr int value = W;
};

/**
 * Calls body(i, Width<V>) for this thread's V elements from i, or, at the end, for single ones. One vector a thread: the
 * grid covers the array, since blocks are cheap and a loop would only add registers.
 */
template <int V, class Body>
__device__ inline void sweep(int size, Body body) {
  int i = (blockIdx.x * blockDim.x + threadIdx.x) * V;
  if (i >= size || i < 0) return;
  if (i <= size - V) {
    body(i, Width<V>());
  } else {
    for (; i < size; i++) body(i, Width<1>());
  }
}

// ---- sums over rows of [rows, C]

constexpr int BLOCK = 256;
constexpr int WARPS = BLOCK / 32;

/**
 * How a block of 256 threads lies on [rows, C]: `lanes` (a power of two, at most 32) threads side by side take V
 * channels each, 256/lanes rows at a time, `depth` times over, ROWS at most. With C = 16 and V = 4, a block has 256 rows x 16
 * channels.
 */
template <int V>
struct Patch {
  static constexpr int ROWS = 4;
  int lane, channel, step, row, rows, depth;
  bool inside;

  __device__ Patch(int rows_, int c, int lanes, int depth_ = ROWS) : rows(rows_), depth(depth_) {
    lane = threadIdx.x % lanes;
    channel = (blockIdx.y * lanes + lane) * V;
    step = BLOCK / lanes;
    row = blockIdx.x * step * depth + threadIdx.x / lanes;
    inside = channel < c;
  }

  __device__ bool has(int r) const { return inside && r < depth && row + r * step < rows; }
  __device__ int at(int r, int c) const { return (row + r * step) * c + channel; }
  /** Rows of this block that exist. */
  __device__ int count() const {
    int first = blockIdx.x * step * depth;
    return min(step * depth, rows - first);
  }
};

/** Where columnSum keeps the sums of the warps. Two of them take turns, so that one barrier a sum is enough. */
template <int V>
struct WarpSums {
  Vec<V> sum[2][WARPS][32];
};

/**
 * The sum of x over all threads of the block with the same lane, in the same order whenever it is taken: by shuffles
 * within a warp, then warp by warp. All threads get it.
 */
template <int V>
__device__ inline Vec<V> columnSum(Vec<V> x, int lanes, WarpSums<V>& shared, int turn) {
#pragma unroll
  for (int i = 0; i < V; i++) {
    for (int o = 16; o >= lanes; o >>= 1) x[i] += __shfl_xor_sync(0xffffffffu, x[i], o);
  }
  int lane = threadIdx.x & 31;
  if (lane < lanes) shared.sum[turn & 1][threadIdx.x >> 5][lane] = x;
  __syncthreads();
  lane = threadIdx.x % lanes;
  x = shared.sum[turn & 1][0][lane];
#pragma unroll
  for (int w = 1; w < WARPS; w++) {
#pragma unroll
    for (int i = 0; i < V; i++) x[i] += shared.sum[turn & 1][w][lane][i];
  }
  return x;
}

/** The sum of x over the block, the same for all threads. */
__device__ inline double blockSum(double x, double* shared /* [WARPS] */) {
  for (int o = 16; o > 0; o >>= 1) x += __shfl_xor_sync(0xffffffffu, x, o);
  if ((threadIdx.x & 31) == 0) shared[threadIdx.x >> 5] = x;
  __syncthreads();
  x = 0;
  for (int w = 0; w < (int)blockDim.x / 32; w++) x += shared[w];
  __syncthreads();
  return x;
}

// ---- the second stage of a reduction

/**
 * A block of 256 threads that adds up rows of parts [rows, width]: up to 32 columns side by side, fewer where there are no
 * more, so that a column has at least 8 threads and those of a narrow one are not idle.
 */
struct Join {
  int columns, column, first, step;

  __device__ Join(int width) : columns(32) {
    while (columns / 2 >= width) columns /= 2;
    column = blockIdx.x * columns + threadIdx.x % columns;
    first = threadIdx.x / columns; // its first row; it takes every step-th
    step = BLOCK / columns;
  }

  /** The sum over the threads of a column, in a fixed order; all of them get it. */
  __device__ double sum(double x, double (*shared)[32] /* [WARPS] */) const {
    for (int o = 16; o >= columns; o >>= 1) x += __shfl_xor_sync(0xffffffffu, x, o);
    int lane = threadIdx.x % 32;
    if (lane < columns) shared[threadIdx.x / 32][lane] = x;
    __syncthreads();
    x = 0;
    for (int w = 0; w < WARPS; w++) x += shared[w][lane % columns];
    __syncthreads();
    return x;
  }
};

/** Writes a part [4, c] of moments: see MomentsArgs in norm.cu. */
template <int V>
__device__ inline void leaveMoments(
    float* part, int c, int channel, float count, const Vec<V>& around, const Vec<V>& sum, const Vec<V>& squares) {
  store(part + channel, splat<V>(count));
  store(part + c + channel, around);
  store(part + 2 * c + channel, sum);
  store(part + 3 * c + channel, squares);
}

// ---- the gradient of a tensor, as Upstream has it

/** mean, scale, slope and shift of V channels; without a rule, the gradient is g itself. */
template <int V>
struct Rule {
  Vec<V> mean, scale, slope, shift;
  bool given;

  __device__ Rule(const float* coefficients, int c, int channel, bool inside) {
    given = coefficients != nullptr && inside;
    if (given) {
      mean = load<V>(coefficients + channel);
      scale = load<V>(coefficients + c + channel);
      slope = load<V>(coefficients + 2 * c + channel);
      shift = load<V>(coefficients + 3 * c + channel);
    }
  }

  /** The gradient at element i. */
  __device__ Vec<V> at(const float* g, const float* x, int i) const {
    Vec<V> d = load<V>(g + i);
    return given ? of(d, load<V>(x + i)) : d;
  }

  /** scale*g + slope*(x - mean) + shift. */
  __device__ Vec<V> of(Vec<V> d, const Vec<V>& value) const {
#pragma unroll
    for (int k = 0; k < V; k++) d[k] = scale[k] * d[k] + slope[k] * (value[k] - mean[k]) + shift[k];
    return d;
  }
};

// ---- tensor cores

/**
 * x with the 10 bits of mantissa that TF32 keeps, rounded to nearest. What is no number stays as it is: a GPU makes its NaN
 * of all bits, 0x7fffffff, which would be rounded up to -0.
 */
__device__ inline float tf32(float x) {
  union {
    float f;
    unsigned u;
  } bits;
  bits.f = x;
  bits.u = (bits.u + 0x1000u) & 0xffffe000u;
  return x == x ? bits.f : x;
}

/**
 * c += a b for a [16, 8], b [8, 8], spread over a warp as mma.m16n8k8 has it: with g = lane/4 and t = lane%4, a holds
 * (g, t), (g+8, t), (g, t+4), (g+8, t+4); b (t, g), (t+4, g); c (g, 2t), (g, 2t+1), (g+8, 2t), (g+8, 2t+1). Where there
 * are no tensor cores, the same sums by shuffles: slow, but the indices around it can be tested there.
 */
__device__ inline void mmaTf32(float (&c)[4], const float (&a)[4], const float (&b)[2]) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
        "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
#else
  int g = (threadIdx.x & 31) / 4, t = threadIdx.x & 3;
  for (int k = 0; k < 8; k++) {
    int owner = k & 3, half = k >> 2;
    float low = __shfl_sync(0xffffffffu, a[2 * half], g * 4 + owner);
    float high = __shfl_sync(0xffffffffu, a[2 * half + 1], g * 4 + owner);
    for (int j = 0; j < 2; j++) {
      float right = __shfl_sync(0xffffffffu, b[half], (2 * t + j) * 4 + owner);
      c[j] += low * right;
      c[2 + j] += high * right;
    }
  }
#endif
}
