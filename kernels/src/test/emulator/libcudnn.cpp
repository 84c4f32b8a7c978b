// What we call of cuDNN, on the emulator's streams: convolutions of [n, h, w, c] by filters [k, r, s, c], as plain loops.
// Of the algorithms that it offers some are not to be taken: one does not give the same bits twice, one wants more
// workspace than anybody has, and for some geometries there is none. It refuses what cuDNN refuses, and pointers that are
// not at 16 bytes.
#include <cstdint>
#include <cstring>
#include <vector>

#include "nvidia.h"
#include "stream.h"

struct cudnnContext {
  cudaStream_t stream;
};
struct cudnnTensorStruct {
  bool packed;
  int n, c, h, w;
  size_t size() const { return (size_t)n * c * h * w; }
};
struct cudnnFilterStruct {
  bool packed;
  int k, c, r, s;
  size_t size() const { return (size_t)k * c * r * s; }
};
struct cudnnConvolutionStruct {
  int padH, padW, strideH, strideW, dilationH, dilationW, groups;
  bool correlation;
  cudnnMathType_t math;
};

namespace {
using X = const cudnnTensorDescriptor_t;
using W = const cudnnFilterDescriptor_t;
using C = const cudnnConvolutionDescriptor_t;

constexpr int CHANGING = 0, GOOD = 1, HUNGRY = 5;  // algorithms

cudnnStatus_t failing(const char* call) {
  int error = emu::injected(call);
  return error >= 700 && error < 1000 ? CUDNN_STATUS_EXECUTION_FAILED : (cudnnStatus_t)error;
}

int results(int in, int pad, int window, int dilation, int stride) {
  return (in + 2 * pad - dilation * (window - 1) - 1) / stride + 1;
}

cudnnStatus_t check(X x, W w, C c, X y) {
  if (!x || !w || !c || !y) return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
  if (!x->packed || !w->packed || !y->packed) return CUDNN_STATUS_NOT_SUPPORTED_LAYOUT;
  if (!c->correlation || c->groups != 1) return CUDNN_STATUS_NOT_SUPPORTED;
  bool fit = x->n == y->n && x->c == w->c && y->c == w->k &&
             y->h == results(x->h, c->padH, w->r, c->dilationH, c->strideH) &&
             y->w == results(x->w, c->padW, w->s, c->dilationW, c->strideW);
  return fit ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH;
}

bool none(C c) { return c->dilationH > 1 && c->strideH > 1; }

size_t workspace(int algorithm, X y) {
  return algorithm == HUNGRY ? (size_t)1 << 40 : algorithm == GOOD ? 4 * y->size() + 256 : 0;
}

template <class P>
cudnnStatus_t offer(cudnnStatus_t state, bool forward, C c, X y, int most, int* count, P* found) {
  if (state) return state;
  int order[] = {CHANGING, HUNGRY, GOOD};
  *count = 0;
  for (int i = 0; i < 3 && *count < most; i++) {
    P& each = found[(*count)++];
    std::memset(&each, 0, sizeof each);
    each.algo = (decltype(each.algo))order[i];
    each.status = none(c) || (forward && order[i] == CHANGING) ? CUDNN_STATUS_NOT_SUPPORTED : CUDNN_STATUS_SUCCESS;
    each.memory = workspace(order[i], y);
    each.determinism = order[i] == CHANGING ? CUDNN_NON_DETERMINISTIC : CUDNN_DETERMINISTIC;
    each.mathType = c->math == CUDNN_FMA_MATH ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH;
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t ask(cudnnStatus_t state, int algorithm, X y, size_t* bytes) {
  if (!state) *bytes = workspace(algorithm, y);
  return state;
}

/** What a product does with a channel of x, one of y and the weight between them. */
enum Product { FORWARD, DATA, FILTER };

cudnnStatus_t convolve(cudnnHandle_t handle, const char* name, Product product, const void* alpha, X x, const float* xs, W w,
                       const float* ws, C c, X y, const float* ys, int algorithm, void* space, size_t bytes, const void* beta) {
  if (auto error = failing(name)) return error;
  if (auto state = check(x, w, c, y)) return state;
  if (!handle || !xs || !ws || !ys || !alpha || !beta) return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
  if (((uintptr_t)xs | (uintptr_t)ws | (uintptr_t)ys) % 16) return CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER;
  size_t needs = workspace(algorithm, y);
  if (bytes < needs) return CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT;
  if (none(c)) return CUDNN_STATUS_NOT_SUPPORTED;
  if (!emu::on_device(xs, 4 * x->size()) || !emu::on_device(ws, 4 * w->size()) || !emu::on_device(ys, 4 * y->size()) ||
      !emu::on_device(space, needs)) {
    return CUDNN_STATUS_EXECUTION_FAILED;
  }
  float a = *(const float*)alpha, b = *(const float*)beta;
  cudnnTensorStruct in = *x, out = *y;
  cudnnFilterStruct filter = *w;
  cudnnConvolutionStruct conv = *c;
  int error = emu::submit(handle->stream, name, [=] {
    std::memset(space, 0xFF, needs);
    auto factor = [&](float v) { return conv.math == CUDNN_FMA_MATH ? v : tf32(v); };
    float* to = const_cast<float*>(product == FORWARD ? ys : product == DATA ? xs : ws);
    std::vector<double> sums(product == FORWARD ? out.size() : product == DATA ? in.size() : filter.size());
    size_t taps = (size_t)filter.r * filter.s * filter.c;
    for (int n = 0; n < out.n; n++)
      for (int oh = 0; oh < out.h; oh++)
        for (int ow = 0; ow < out.w; ow++)
          for (int r = 0; r < filter.r; r++)
            for (int s = 0; s < filter.s; s++) {
              int ih = oh * conv.strideH - conv.padH + r * conv.dilationH;
              int iw = ow * conv.strideW - conv.padW + s * conv.dilationW;
              if (ih < 0 || iw < 0 || ih >= in.h || iw >= in.w) continue;
              size_t xi = (((size_t)n * in.h + ih) * in.w + iw) * in.c, yi = (((size_t)n * out.h + oh) * out.w + ow) * out.c;
              size_t wi = (size_t)(r * filter.s + s) * filter.c;
              for (int k = 0; k < filter.k; k++)
                for (int i = 0; i < filter.c; i++) {
                  size_t at = k * taps + wi + i;
                  if (product == FORWARD) sums[yi + k] += (double)factor(xs[xi + i]) * factor(ws[at]);
                  if (product == DATA) sums[xi + i] += (double)factor(ys[yi + k]) * factor(ws[at]);
                  if (product == FILTER) sums[at] += (double)factor(xs[xi + i]) * factor(ys[yi + k]);
                }
            }
    static int runs;
    double change = algorithm == CHANGING ? 1 + 1e-6 * (runs++ % 7) : 1;
    for (size_t i = 0; i < sums.size(); i++) to[i] = (float)(change * a * sums[i] + (b == 0 ? 0 : b * (double)to[i]));
  });
  return error ? CUDNN_STATUS_EXECUTION_FAILED : CUDNN_STATUS_SUCCESS;
}
}  // namespace

extern "C" {
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  if (auto error = failing("cudnnCreate")) return error;
  *handle = new cudnnContext{};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete handle;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}
const char* cudnnGetErrorString(cudnnStatus_t status) {
  return status == CUDNN_STATUS_EXECUTION_FAILED ? "CUDNN_STATUS_EXECUTION_FAILED" : "CUDNN_STATUS_BAD_PARAM";
}

#define DESCRIPTOR(Kind)                                                                        \
  cudnnStatus_t cudnnCreate##Kind##Descriptor(cudnn##Kind##Descriptor_t* d) {                   \
    *d = new cudnn##Kind##Struct{};                                                             \
    return CUDNN_STATUS_SUCCESS;                                                                \
  }                                                                                             \
  cudnnStatus_t cudnnDestroy##Kind##Descriptor(cudnn##Kind##Descriptor_t d) {                   \
    delete d;                                                                                   \
    return CUDNN_STATUS_SUCCESS;                                                                \
  }
DESCRIPTOR(Tensor)
DESCRIPTOR(Filter)
DESCRIPTOR(Convolution)

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t d, cudnnTensorFormat_t format, cudnnDataType_t type, int n,
                                         int c, int h, int w) {
  if (n < 1 || c < 1 || h < 1 || w < 1) return CUDNN_STATUS_BAD_PARAM;
  *d = {format == CUDNN_TENSOR_NHWC && type == CUDNN_DATA_FLOAT, n, c, h, w};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t d, cudnnDataType_t type, cudnnTensorFormat_t format, int k,
                                         int c, int r, int s) {
  if (k < 1 || c < 1 || r < 1 || s < 1) return CUDNN_STATUS_BAD_PARAM;
  *d = {format == CUDNN_TENSOR_NHWC && type == CUDNN_DATA_FLOAT, k, c, r, s};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t d, int padH, int padW, int strideH, int strideW,
                                              int dilationH, int dilationW, cudnnConvolutionMode_t mode, cudnnDataType_t type) {
  if (padH < 0 || padW < 0 || strideH < 1 || strideW < 1 || dilationH < 1 || dilationW < 1) return CUDNN_STATUS_BAD_PARAM;
  *d = {padH, padW, strideH, strideW, dilationH, dilationW, 1, mode == CUDNN_CROSS_CORRELATION && type == CUDNN_DATA_FLOAT,
        CUDNN_DEFAULT_MATH};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t d, cudnnMathType_t math) {
  d->math = math;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t d, int groups) {
  d->groups = groups;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t, X x, W w, C c, X y, const int most, int* count,
                                                     cudnnConvolutionFwdAlgoPerf_t* found) {
  return offer(check(x, w, c, y), true, c, y, most, count, found);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t, W w, X y, C c, X x, const int most, int* count,
                                                          cudnnConvolutionBwdDataAlgoPerf_t* found) {
  return offer(check(x, w, c, y), false, c, y, most, count, found);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t, X x, X y, C c, W w, const int most, int* count,
                                                            cudnnConvolutionBwdFilterAlgoPerf_t* found) {
  return offer(check(x, w, c, y), false, c, y, most, count, found);
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t, X x, W w, C c, X y, cudnnConvolutionFwdAlgo_t algo,
                                                      size_t* bytes) {
  return ask(check(x, w, c, y), algo, y, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t, W w, X y, C c, X x,
                                                           cudnnConvolutionBwdDataAlgo_t algo, size_t* bytes) {
  return ask(check(x, w, c, y), algo, y, bytes);
}
cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t, X x, X y, C c, W w,
                                                             cudnnConvolutionBwdFilterAlgo_t algo, size_t* bytes) {
  return ask(check(x, w, c, y), algo, y, bytes);
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha, X x, const void* xs, W w, const void* ws, C c,
                                      cudnnConvolutionFwdAlgo_t algo, void* space, size_t bytes, const void* beta, X y,
                                      void* ys) {
  return convolve(handle, "cudnnConvolutionForward", FORWARD, alpha, x, (const float*)xs, w, (const float*)ws, c, y,
                  (const float*)ys, algo, space, bytes, beta);
}
cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha, W w, const void* ws, X y, const void* ys,
                                           C c, cudnnConvolutionBwdDataAlgo_t algo, void* space, size_t bytes,
                                           const void* beta, X x, void* xs) {
  return convolve(handle, "cudnnConvolutionBackwardData", DATA, alpha, x, (const float*)xs, w, (const float*)ws, c, y,
                  (const float*)ys, algo, space, bytes, beta);
}
cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha, X x, const void* xs, X y, const void* ys,
                                             C c, cudnnConvolutionBwdFilterAlgo_t algo, void* space, size_t bytes,
                                             const void* beta, W w, void* ws) {
  return convolve(handle, "cudnnConvolutionBackwardFilter", FILTER, alpha, x, (const float*)xs, w, (const float*)ws, c, y,
                  (const float*)ys, algo, space, bytes, beta);
}
}
