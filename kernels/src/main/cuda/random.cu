// What draws random numbers: dropout, batches.
#include "espalier.cuh"
#include "philox.cuh"

/** y (+)= x/(1 - p) where draw i/group is at least p, else 0. What changes from step to step lies in device memory. */
struct DropoutArgs {
  const float* x;
  float* y;
  const float* p;
  const long long* seed;
  const long long* stream;
  int group;
  int size;
  int add;
};

/** Draw i is word i%4 of block i/4: with group 1, one block of the generator serves the 4 elements of a thread. */
KERNEL dropout(JOBS) {
  JOB(DropoutArgs);
  int first = (blockIdx.x * blockDim.x + threadIdx.x) * 4;
  if (first < 0 || first >= a.size) return;
  float p = *a.p, scale = 1 / (1 - p);
  long long drawn = -1;
  Block128 block = {};
  for (int i = first; i < min(first + 4, a.size); i++) {
    int draw = i / a.group;
    if (draw / 4 != drawn) {
      drawn = draw / 4;
      block = philox(drawn, *a.stream, *a.seed);
    }
    float kept = uniform(block.word[draw % 4]) < p ? 0 : scale * a.x[i];
    a.y[i] = a.add ? a.y[i] + kept : kept;
  }
}

/** Images [count, h, w, c] as bytes, and what becomes of them in a batch: org.espalier.data.Augment. */
struct BatchArgs {
  const unsigned char* images;
  const float* table;  // [c, 256]
  float* out;          // [size, h, w, c]
  const int* samples;  // [size]
  const long long* seed;
  const long long* stream;
  int size;
  int h;
  int w;
  int c;
  int pad;
  int flip;
  int cutout;
};

/** One thread a pixel. A sample's draws take 8 counters of their own, of which the first 5 are used. */
KERNEL make_batch(JOBS) {
  JOB(BatchArgs);
  int pixel = blockIdx.x * blockDim.x + threadIdx.x;
  if (pixel < 0 || pixel >= a.size * a.h * a.w) return;
  int x = pixel % a.w, y = pixel / a.w % a.h;
  int sample = a.samples[pixel / (a.w * a.h)];
  unsigned long long draw = 8ull * sample, stream = *a.stream, seed = *a.seed;
  int down = a.pad == 0 ? 0 : below(draw, 2 * a.pad + 1, stream, seed) - a.pad;
  int right = a.pad == 0 ? 0 : below(draw + 1, 2 * a.pad + 1, stream, seed) - a.pad;
  bool flipped = a.flip && below(draw + 2, 2, stream, seed) == 1;
  int row = y + down, column = (flipped ? a.w - 1 - x : x) + right;
  bool inside = row >= 0 && row < a.h && column >= 0 && column < a.w;
  bool cut = false;
  if (a.cutout > 0) {
    int top = below(draw + 3, a.h, stream, seed) - a.cutout / 2;
    int left = below(draw + 4, a.w, stream, seed) - a.cutout / 2;
    cut = y >= top && y < top + a.cutout && x >= left && x < left + a.cutout;
  }
  const unsigned char* from = a.images + (((long long)sample * a.h + row) * a.w + column) * a.c;
  for (int k = 0; k < a.c; k++) {
    a.out[(long long)pixel * a.c + k] = cut ? 0 : a.table[256 * k + (inside ? from[k] : 0)];
  }
}
