// A libcuda.so.1 that runs on the CPU: what JCuda calls of the driver API, and no more.
//
// Streams work as they may on a device: nothing that is launched has happened before somebody waits
// for it. All streams share one queue. Allocations lie between guard words, and fresh memory is
// poisoned with NaNs; after every kernel the guards are looked at, and one that was overwritten is
// an illegal address, from which a context does not recover.
//
// Tests steer it by the emu_* functions at the end; who starts a whole program on it, by the environment:
// EMU_MEMORY is the bytes that are free, EMU_FAULT=cuLaunchKernel:500:700 lets that call fail with that error
// after it has worked so many times.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fibers.h"
#include "stream.h"

using Work = std::function<void()>;

namespace {
enum {
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NO_DEVICE = 100,
  INVALID_IMAGE = 200,
  INVALID_CONTEXT = 201,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  NOT_READY = 600,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_OUT_OF_RESOURCES = 701,
  LAUNCH_FAILED = 719,
  CAPTURE_UNSUPPORTED = 900,
  CAPTURE_INVALIDATED = 901,
  CAPTURE_IMPLICIT = 906,
};

struct Launch {
  dim3 grid, block;
  unsigned shared_bytes;
  Work thread;
  const char* name;
};
struct Node {
  bool kernel;
  Work work;
};
struct Graph {
  std::vector<Node> nodes;
};
struct Stream {
  Graph* capture = nullptr;
  int mode = 0;
  bool invalid = false;
};
struct Event {
  bool recorded = false;
  std::chrono::steady_clock::time_point when;
};
struct Kernel {
  std::string name;
  std::function<Work(void**)> bind;
  int threads;
  int dynamic_shared = 48 * 1024;
};

constexpr int kOptInShared = 163 * 1024;  // as compute capability 8.0
constexpr size_t kGuardBytes = 64;
constexpr unsigned kGuardWord = 0xFFC0A5A5u;  // also a NaN
struct Allocation {
  size_t size;
  char* base;
};

std::recursive_mutex mutex;
std::map<std::string, Kernel>& kernels() {
  static std::map<std::string, Kernel> all;
  return all;
}
std::map<uintptr_t, Allocation> allocations;
std::map<uintptr_t, size_t> host_allocations;
std::deque<Node> queue;
std::vector<Stream*> capturing;
int sticky;  // the error that broke the context
// The primary context: it lives while somebody retains it, and calls work on threads that it was made current on.
uintptr_t context = 0;
int retained;
thread_local uintptr_t current;
std::string last_fault;
size_t memory_limit = 8ull << 30, memory_used;
int driver_version = 12060, device_count = 1;
bool do_nothing, deferred = true;
long launches, graph_launches, runs;
struct Injection {
  std::string call;
  int after, error;
};
std::vector<Injection> injections;

const bool steered = [] {
  if (const char* bytes = std::getenv("EMU_MEMORY")) memory_limit = std::strtoull(bytes, nullptr, 10);
  char call[64];
  int after, error;
  const char* fault = std::getenv("EMU_FAULT");
  if (fault && std::sscanf(fault, "%63[^:]:%d:%d", call, &after, &error) == 3) injections.push_back({call, after, error});
  return true;
}();

/** What a test wants `call` to fail with. */
int injected(const char* call) {
  if (sticky) return sticky;
  for (size_t i = 0; i < injections.size(); i++) {
    if (injections[i].call == call && injections[i].after-- <= 0) {
      int error = injections[i].error;
      injections.erase(injections.begin() + i);
      if (error >= 700 && error < 800) sticky = error;
      return error;
    }
  }
  return 0;
}

bool guards_hold() {
  for (auto& [at, a] : allocations) {
    auto* before = (unsigned*)(at - kGuardBytes);
    for (size_t i = 0; i < kGuardBytes / 4; i++) {
      if (before[i] != kGuardWord) return false;
    }
    for (size_t i = 0; i < kGuardBytes; i++) {
      if (((unsigned char*)at)[a.size + i] != 0xA5) return false;
    }
  }
  return true;
}

/** After work of that name: the guards are looked at, and a fault is kept. */
void settle(const char* name, emu::Fault fault) {
  if (!fault.error && !guards_hold()) fault = {ILLEGAL_ADDRESS, "a guard word was overwritten"};
  if (fault.error) {
    sticky = fault.error;
    last_fault = std::string(name) + ": " + fault.what;
    std::fprintf(stderr, "emulator: %s\n", last_fault.c_str());
  }
}

void run(Launch& l) {
  runs++;
  settle(l.name, emu::run_grid(l.grid, l.block, l.shared_bytes, l.thread));
}

int drain() {
  while (!queue.empty()) {
    Node node = std::move(queue.front());
    queue.pop_front();
    if (!sticky) node.work();
  }
  return sticky;
}

/** Queues, or adds to the graph that the stream records. */
int submit(Stream* stream, Node node) {
  if (stream && stream->capture) {
    if (stream->invalid) return CAPTURE_INVALIDATED;
    stream->capture->nodes.push_back(std::move(node));
    return 0;
  }
  if (!stream && !capturing.empty()) {
    for (Stream* s : capturing) s->invalid = true;
    return CAPTURE_IMPLICIT;
  }
  queue.push_back(std::move(node));
  if (!deferred || queue.size() >= 4096) return drain();
  return 0;
}

/** Before a call that waits for all: not allowed while something is captured. */
int wait_for_all() {
  if (!capturing.empty()) {
    for (Stream* s : capturing) s->invalid = true;
    return CAPTURE_IMPLICIT;
  }
  return drain();
}

int forbidden_in_capture() {
  for (Stream* s : capturing) {
    if (s->mode != 2) {
      s->invalid = true;
      return CAPTURE_UNSUPPORTED;
    }
  }
  return 0;
}

bool on_device(uintptr_t p, size_t n) {
  auto it = allocations.upper_bound(p);
  if (it == allocations.begin()) return false;
  --it;
  return p >= it->first && p + n <= it->first + it->second.size;
}

bool pinned(const void* p, size_t n) {
  auto it = host_allocations.upper_bound((uintptr_t)p);
  if (it == host_allocations.begin()) return false;
  --it;
  return (uintptr_t)p + n <= it->first + it->second;
}

Node copy(void* to, const void* from, size_t n) {
  return {false, [=] { std::memmove(to, from, n); }};
}
}  // namespace

#define LOCK std::lock_guard<std::recursive_mutex> lock(mutex)

namespace emu {
int submit(void* stream, const char* name, std::function<void()> work) {
  LOCK;
  if (do_nothing) return 0;
  return ::submit((Stream*)stream, {true, [=] {
                                      work();
                                      settle(name, {});
                                    }});
}
bool capturing(void* stream) { return stream && ((Stream*)stream)->capture; }
bool on_device(const void* p, size_t bytes) {
  LOCK;
  return ::on_device((uintptr_t)p, bytes);
}
int injected(const char* call) {
  LOCK;
  return ::injected(call);
}

/** Called by the files that the build makes of the .cu files. */
void add(const char* name, int threads, std::function<Work(void**)> bind) {
  kernels()[name] = {name, std::move(bind), threads};
}
}  // namespace emu

// Most calls want a context that is current on the calling thread.
#define IN_CONTEXT \
  LOCK;            \
  if (!retained || current != context) return INVALID_CONTEXT
#define ENTER(call) \
  IN_CONTEXT;       \
  if (int error = injected(#call)) return error

extern "C" {
int cuInit(unsigned) {
  LOCK;
  if (int error = injected("cuInit")) return error;
  return device_count ? 0 : NO_DEVICE;
}
int cuDriverGetVersion(int* v) {
  *v = driver_version;
  return 0;
}
int cuDeviceGetCount(int* n) {
  *n = device_count;
  return 0;
}
int cuDeviceGet(int* d, int i) {
  *d = i;
  return i < device_count ? 0 : 101;
}
int cuDeviceGetName(char* name, int size, int) {
  std::snprintf(name, size, "CPU emulator");
  return 0;
}
int cuDeviceGetAttribute(int* v, int attribute, int) {
  switch (attribute) {
    case 1: *v = 1024; break;         // threads of a block
    case 8: *v = 48 * 1024; break;    // shared memory of a block
    case 10: *v = 32; break;          // warp
    case 16: *v = 4; break;           // multiprocessors
    case 75: *v = 8; break;           // compute capability
    case 76: *v = 0; break;
    case 97: *v = kOptInShared; break;  // shared memory of a block, opt-in
    default: *v = 0;
  }
  return 0;
}
int cuDeviceTotalMem_v2(size_t* n, int) {
  *n = memory_limit;
  return 0;
}
int cuDevicePrimaryCtxRetain(void** c, int) {
  LOCK;
  if (int error = injected("cuDevicePrimaryCtxRetain")) return error;
  if (retained++ == 0) context++;
  *c = (void*)context;
  return 0;
}
int cuDevicePrimaryCtxRelease_v2(int) {
  LOCK;
  if (!retained) return INVALID_CONTEXT;
  retained--;
  return 0;
}
int cuCtxSetCurrent(void* c) {
  current = (uintptr_t)c;
  return 0;
}
int cuCtxGetCurrent(void** c) {
  *c = (void*)current;
  return 0;
}
int cuCtxSynchronize() {
  ENTER(cuCtxSynchronize);
  return wait_for_all();
}
int cuModuleLoadData(void** m, const void* image) {
  ENTER(cuModuleLoadData);
  if (!image) return INVALID_IMAGE;
  *m = (void*)1;
  return 0;
}
int cuModuleLoadFatBinary(void** m, const void* image) { return cuModuleLoadData(m, image); }
int cuModuleLoadDataEx(void** m, const void* image, unsigned, int*, void**) {
  return cuModuleLoadData(m, image);
}
int cuModuleUnload(void*) { return 0; }
int cuModuleGetFunction(void** f, void*, const char* name) {
  IN_CONTEXT;
  auto it = kernels().find(name);
  if (it == kernels().end()) return NOT_FOUND;
  *f = &it->second;
  return 0;
}
int cuFuncSetAttribute(void* f, int attribute, int value) {
  IN_CONTEXT;
  if (attribute == 8 && (value < 0 || value > kOptInShared)) return INVALID_VALUE;
  if (attribute == 8) ((Kernel*)f)->dynamic_shared = value;
  return 0;
}
int cuFuncGetAttribute(int* v, int attribute, void* f) {
  *v = attribute == 0 ? ((Kernel*)f)->threads : 0;
  return 0;
}

int cuMemAlloc_v2(uintptr_t* p, size_t n) {
  ENTER(cuMemAlloc);
  if (int error = forbidden_in_capture()) return error;
  if (n == 0) return INVALID_VALUE;
  if (memory_used + n > memory_limit) return OUT_OF_MEMORY;
  char* base = (char*)std::aligned_alloc(256, (n + 512 + 255) & ~(size_t)255);
  if (!base) return OUT_OF_MEMORY;
  char* data = base + 256;
  for (size_t i = 0; i < kGuardBytes / 4; i++) ((unsigned*)(data - kGuardBytes))[i] = kGuardWord;
  if (!do_nothing) std::memset(data, 0xFF, n); // what is never touched needs no memory of the host
  std::memset(data + n, 0xA5, kGuardBytes);
  allocations[(uintptr_t)data] = {n, base};
  memory_used += n;
  *p = (uintptr_t)data;
  return 0;
}
int cuMemFree_v2(uintptr_t p) {
  IN_CONTEXT;
  if (sticky) return sticky;
  auto it = allocations.find(p);
  if (it == allocations.end()) return INVALID_VALUE;
  drain();
  if (!do_nothing) std::memset((void*)p, 0xFF, it->second.size);
  std::free(it->second.base);
  memory_used -= it->second.size;
  allocations.erase(it);
  return 0;
}
int cuMemGetInfo_v2(size_t* free, size_t* total) {
  IN_CONTEXT;
  *free = memory_limit - memory_used;
  *total = memory_limit;
  return 0;
}
int cuMemAllocHost_v2(void** p, size_t n) {
  IN_CONTEXT;
  *p = std::aligned_alloc(256, (n + 255) & ~(size_t)255);
  std::memset(*p, 0xFF, n);
  host_allocations[(uintptr_t)*p] = n;
  return 0;
}
int cuMemHostAlloc(void** p, size_t n, unsigned) { return cuMemAllocHost_v2(p, n); }
int cuMemFreeHost(void* p) {
  LOCK;
  drain();
  host_allocations.erase((uintptr_t)p);
  std::free(p);
  return 0;
}

int cuMemcpyHtoD_v2(uintptr_t d, const void* s, size_t n) {
  ENTER(cuMemcpyHtoD);
  if (!on_device(d, n)) return INVALID_VALUE;
  if (int error = wait_for_all()) return error;
  std::memcpy((void*)d, s, n);
  return 0;
}
int cuMemcpyDtoH_v2(void* d, uintptr_t s, size_t n) {
  ENTER(cuMemcpyDtoH);
  if (!on_device(s, n)) return INVALID_VALUE;
  if (int error = wait_for_all()) return error;
  std::memcpy(d, (void*)s, n);
  return 0;
}
int cuMemcpyDtoDAsync_v2(uintptr_t d, uintptr_t s, size_t n, Stream* stream) {
  ENTER(cuMemcpyDtoDAsync);
  if (!on_device(s, n) || !on_device(d, n)) return INVALID_VALUE;
  return submit(stream, copy((void*)d, (void*)s, n));
}
int cuMemcpyDtoD_v2(uintptr_t d, uintptr_t s, size_t n) { return cuMemcpyDtoDAsync_v2(d, s, n, nullptr); }
// From memory that is not pinned the driver takes its copy before it returns.
int cuMemcpyHtoDAsync_v2(uintptr_t d, const void* s, size_t n, Stream* stream) {
  ENTER(cuMemcpyHtoDAsync);
  if (!on_device(d, n)) return INVALID_VALUE;
  if (pinned(s, n)) return submit(stream, copy((void*)d, s, n));
  if (stream && stream->capture) return INVALID_VALUE;
  auto staged = std::make_shared<std::string>((const char*)s, n);
  return submit(stream, {false, [=] { std::memcpy((void*)d, staged->data(), n); }});
}
int cuMemcpyDtoHAsync_v2(void* d, uintptr_t s, size_t n, Stream* stream) {
  ENTER(cuMemcpyDtoHAsync);
  if (!on_device(s, n)) return INVALID_VALUE;
  if (int error = submit(stream, copy(d, (void*)s, n))) return error;
  return pinned(d, n) ? 0 : drain();
}
int cuMemsetD32Async(uintptr_t d, unsigned v, size_t n, Stream* stream) {
  ENTER(cuMemsetD32Async);
  if (!on_device(d, 4 * n)) return INVALID_VALUE;
  return submit(stream, {false, [=] {
                           for (size_t i = 0; i < n; i++) ((unsigned*)d)[i] = v;
                         }});
}
int cuMemsetD32_v2(uintptr_t d, unsigned v, size_t n) { return cuMemsetD32Async(d, v, n, nullptr); }
int cuMemsetD8Async(uintptr_t d, unsigned char v, size_t n, Stream* stream) {
  ENTER(cuMemsetD8Async);
  if (!on_device(d, n)) return INVALID_VALUE;
  return submit(stream, {false, [=] { std::memset((void*)d, v, n); }});
}

int cuStreamCreate(Stream** s, unsigned) {
  IN_CONTEXT;
  *s = new Stream;
  return 0;
}
int cuStreamDestroy_v2(Stream* s) {
  LOCK;
  drain();
  delete s;
  return 0;
}
int cuStreamSynchronize(Stream* s) {
  ENTER(cuStreamSynchronize);
  if (s && s->capture) {
    s->invalid = true;
    return CAPTURE_UNSUPPORTED;
  }
  return drain();
}
int cuStreamQuery(Stream*) {
  LOCK;
  return sticky ? sticky : queue.empty() ? 0 : NOT_READY;
}
int cuStreamWaitEvent(Stream*, Event*, unsigned) { return sticky; }

int cuEventCreate(Event** e, unsigned) {
  IN_CONTEXT;
  *e = new Event;
  return 0;
}
int cuEventDestroy_v2(Event* e) {
  LOCK;
  drain();
  delete e;
  return 0;
}
int cuEventRecord(Event* e, Stream* s) {
  ENTER(cuEventRecord);
  return submit(s, {false, [=] {
                      e->recorded = true;
                      e->when = std::chrono::steady_clock::now();
                    }});
}
int cuEventSynchronize(Event*) {
  ENTER(cuEventSynchronize);
  return drain();
}
int cuEventQuery(Event*) { return cuStreamQuery(nullptr); }
int cuEventElapsedTime(float* ms, Event* a, Event* b) {
  LOCK;
  if (!a->recorded || !b->recorded) return INVALID_HANDLE;
  *ms = std::chrono::duration<float, std::milli>(b->when - a->when).count();
  return 0;
}

int cuLaunchKernel(Kernel* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                   unsigned bz, unsigned shared_bytes, Stream* stream, void** arguments, void**) {
  if (do_nothing) return 0;
  ENTER(cuLaunchKernel);
  launches++;
  uint64_t threads = (uint64_t)bx * by * bz;
  if (!gx || !gy || !gz || gx > INT32_MAX || gy > 65535 || gz > 65535) return INVALID_VALUE;
  if (!threads || threads > 1024 || bz > 64) return INVALID_VALUE;
  // What the kernel was compiled for: more threads might find no registers.
  if (threads > (unsigned)f->threads) return LAUNCH_OUT_OF_RESOURCES;
  if (shared_bytes > (unsigned)f->dynamic_shared) return INVALID_VALUE;
  Launch l{{gx, gy, gz}, {bx, by, bz}, shared_bytes, f->bind(arguments), f->name.c_str()};
  return submit(stream, {true, [l]() mutable { run(l); }});
}

int cuStreamBeginCapture_v2(Stream* s, int mode) {
  ENTER(cuStreamBeginCapture);
  if (!s || s->capture) return INVALID_VALUE;
  s->capture = new Graph;
  s->mode = mode;
  s->invalid = false;
  capturing.push_back(s);
  return 0;
}
int cuStreamIsCapturing(Stream* s, int* status) {
  *status = !s || !s->capture ? 0 : s->invalid ? 2 : 1;
  return 0;
}
int cuStreamEndCapture(Stream* s, Graph** g) {
  IN_CONTEXT;
  int error = injected("cuStreamEndCapture");
  if (!s->capture) return INVALID_VALUE;
  *g = s->capture;
  s->capture = nullptr;
  for (size_t i = 0; i < capturing.size(); i++) {
    if (capturing[i] == s) capturing.erase(capturing.begin() + i--);
  }
  if (s->invalid || error) {
    delete *g;
    *g = nullptr;
    return error ? error : CAPTURE_INVALIDATED;
  }
  return 0;
}
int cuGraphInstantiateWithFlags(Graph** e, Graph* g, unsigned long long) {
  ENTER(cuGraphInstantiate);
  *e = new Graph(*g);
  return 0;
}
int cuGraphUpload(Graph*, Stream*) { return sticky; }
int cuGraphLaunch(Graph* e, Stream* s) {
  ENTER(cuGraphLaunch);
  if (do_nothing) return 0;
  graph_launches++;
  for (Node& node : e->nodes) {
    if (int error = submit(s, node)) return error;
  }
  return 0;
}
int cuGraphGetNodes(Graph* g, void** nodes, size_t* n) {
  if (!nodes) *n = g->nodes.size();
  return 0;
}
int cuGraphDestroy(Graph* g) {
  delete g;
  return 0;
}
int cuGraphExecDestroy(Graph* e) {
  delete e;
  return 0;
}

static const std::map<int, std::pair<const char*, const char*>> errors = {
    {0, {"CUDA_SUCCESS", "no error"}},
    {1, {"CUDA_ERROR_INVALID_VALUE", "invalid argument"}},
    {2, {"CUDA_ERROR_OUT_OF_MEMORY", "out of memory"}},
    {100, {"CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"}},
    {200, {"CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"}},
    {222, {"CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the provided PTX was compiled with an unsupported toolchain."}},
    {500, {"CUDA_ERROR_NOT_FOUND", "named symbol not found"}},
    {700, {"CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"}},
    {701, {"CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"}},
    {716, {"CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"}},
    {719, {"CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"}},
    {803, {"CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"}},
    {900, {"CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"}},
    {901, {"CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"}},
    {906, {"CUDA_ERROR_STREAM_CAPTURE_IMPLICIT", "operation would make the legacy stream depend on a capturing blocking stream"}},
};
int cuGetErrorName(int e, const char** s) {
  auto it = errors.find(e);
  *s = it == errors.end() ? nullptr : it->second.first;
  return *s ? 0 : INVALID_VALUE;
}
int cuGetErrorString(int e, const char** s) {
  auto it = errors.find(e);
  *s = it == errors.end() ? nullptr : it->second.second;
  return *s ? 0 : INVALID_VALUE;
}

// ---- for tests

/** Back to a new device; forgets faults and injections, keeps memory that is still allocated. */
void emu_reset() {
  LOCK;
  queue.clear();
  for (Stream* s : capturing) s->capture = nullptr;
  capturing.clear();
  sticky = 0;
  last_fault.clear();
  injections.clear();
  memory_limit = 8ull << 30;
  driver_version = 12060;
  device_count = 1;
  do_nothing = false;
  deferred = true;
  for (auto& [at, a] : allocations) {
    for (size_t i = 0; i < kGuardBytes / 4; i++) ((unsigned*)(at - kGuardBytes))[i] = kGuardWord;
    std::memset((char*)at + a.size, 0xA5, kGuardBytes);
  }
}
void emu_seed(uint64_t seed) {
  LOCK;
  emu::seed(seed);
}
/** Makes the call of that name fail with `error`, after it has worked `after` more times. */
void emu_inject(const char* call, int after, int error) {
  LOCK;
  injections.push_back({call, after, error});
}
/** So much is free from here on. */
void emu_memory(uint64_t bytes) { memory_limit = memory_used + bytes; }
void emu_driver(int version, int devices) {
  driver_version = version;
  device_count = devices;
}
/** Launches return at once and do nothing. */
void emu_do_nothing(int on) { do_nothing = on; }
/** Which of what it counts: kernels launched, graphs launched, kernels run, allocations. */
long emu_count(int what) {
  LOCK;
  return what == 0 ? launches : what == 1 ? graph_launches : what == 2 ? runs : (long)allocations.size();
}
/** What the last kernel that faulted did wrong; empty if none did. */
const char* emu_last_fault() { return last_fault.c_str(); }
}
