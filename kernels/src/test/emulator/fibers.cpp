// Threads of a block as fibers, on one OS thread.
//
// A worker fiber takes one thread after the other and runs it to its end. Only a thread that must
// wait keeps its worker, and the scheduler goes on with another one: a kernel without barriers runs
// without a switch. Threads start in a random order, and those that a barrier sets free go on in
// another one.
#include "fibers.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

extern "C" void emu_switch(void** save, void* to);
asm(R"(
  .globl emu_switch
  .hidden emu_switch
emu_switch:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret
)");

extern "C" char __start_emu_shared[] __attribute__((weak));
extern "C" char __stop_emu_shared[] __attribute__((weak));

namespace emu {
uint3 thread_index, block_index;
dim3 block_size, grid_size;
unsigned char* dynamic_shared;

namespace {
constexpr size_t kStack = 128 * 1024;
constexpr unsigned kGuard = 0xFFC0FFEEu;  // also a NaN

struct Random {
  uint64_t state = 1;
  uint32_t next() {  // splitmix
    uint64_t z = state += 0x9E3779B97F4A7C15ull;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ z >> 27) * 0x94D049BB133111EBull;
    return (uint32_t)(z >> 32);
  }
  uint32_t below(uint32_t n) { return (uint32_t)((uint64_t)next() * n >> 32); }
  template <class T>
  void shuffle(std::vector<T>& v) {
    for (size_t i = v.size(); i > 1; i--) std::swap(v[i - 1], v[below((uint32_t)i)]);
  }
} random_order;

struct Worker {
  void* sp = nullptr;
  char* stack = nullptr;
  int thread = -1;  // the one that it runs, or ran last
};

/** Threads of a warp that wait for one another, by the mask that they named. */
struct Meeting {
  unsigned mask, arrived;
  unsigned parity;
  std::vector<Worker*> waiting;
  uint64_t values[2][32];
};

struct Warp {
  unsigned present = 0, left = 0;
  std::vector<Meeting> meetings;
};

std::vector<Worker*> idle;
std::vector<Worker*> ready;
std::vector<Worker*> at_barrier;
std::vector<int> order;
std::vector<Warp> warps;
size_t next_thread;
int alive;
Worker* running;
void* scheduler;
Fault fault;
const std::function<void()>* body;

void to_scheduler() { emu_switch(&running->sp, scheduler); }

void place(int thread) {
  thread_index = {thread % block_size.x, thread / block_size.x % block_size.y,
                  thread / (block_size.x * block_size.y)};
}

void release_barrier() {
  if (!at_barrier.empty() && (int)at_barrier.size() == alive) {
    ready.insert(ready.end(), at_barrier.begin(), at_barrier.end());
    at_barrier.clear();
  }
}

void work() {
  for (;;) {
    while (next_thread < order.size() && !fault.error) {
      running->thread = order[next_thread++];
      place(running->thread);
      (*body)();
      alive--;
      warps[running->thread >> 5].left |= 1u << (running->thread & 31);
      release_barrier();
    }
    idle.push_back(running);
    to_scheduler();
  }
}

Worker* new_worker() {
  auto* worker = new Worker;
  worker->stack = (char*)mmap(nullptr, kStack, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  mprotect(worker->stack, 4096, PROT_NONE);
  return worker;
}

void reset(Worker* worker) {
  auto* top = (void**)(worker->stack + kStack);
  *--top = nullptr;  // the return address of work, which never returns
  *--top = (void*)work;
  for (int i = 0; i < 6; i++) *--top = nullptr;
  worker->sp = top;
  worker->thread = -1;
}

void resume(Worker* worker) {
  running = worker;
  if (worker->thread >= 0) place(worker->thread);
  emu_switch(&scheduler, worker->sp);
}

std::vector<Worker*> workers;

Worker* idle_worker() {
  if (idle.empty()) {
    workers.push_back(new_worker());
    reset(workers.back());
    idle.push_back(workers.back());
  }
  Worker* worker = idle.back();
  idle.pop_back();
  worker->thread = -1;
  return worker;
}

void run_block() {
  int threads = (int)(block_size.x * block_size.y * block_size.z);
  next_thread = 0;
  alive = threads;
  ready.clear();
  at_barrier.clear();
  warps.resize((threads + 31) / 32);
  for (size_t i = 0; i < warps.size(); i++) {
    int lanes = threads - 32 * (int)i;
    warps[i].present = lanes >= 32 ? ~0u : (1u << lanes) - 1;
    warps[i].left = 0;
    warps[i].meetings.clear();
  }
  while (alive > 0 && !fault.error) {
    if (next_thread < order.size()) {
      resume(idle_worker());
    } else if (!ready.empty()) {
      std::swap(ready[random_order.below((uint32_t)ready.size())], ready.back());
      Worker* worker = ready.back();
      ready.pop_back();
      resume(worker);
    } else {
      fault = {719, "deadlock: threads wait at a barrier or shuffle that others never reach"};
    }
  }
}
}  // namespace

unsigned lane() { return running->thread & 31; }

void fail(int error, const char* what) {
  if (!fault.error) fault = {error, what};
  for (;;) to_scheduler();
}

}  // namespace emu

// g++ calls this where a kernel reads or writes what does not lie at a multiple of its size.
extern "C" __attribute__((visibility("hidden"))) void __ubsan_handle_type_mismatch_v1_abort(void*, uintptr_t) {
  emu::fail(716, "a vector is not at a multiple of its size");
}

namespace emu {
void barrier() {
  at_barrier.push_back(running);
  Worker* me = running;
  release_barrier();
  to_scheduler();
  running = me;
}

const uint64_t* exchange(unsigned mask, uint64_t value) {
  Warp& warp = warps[running->thread >> 5];
  unsigned bit = 1u << (running->thread & 31);
  if (!(mask & bit)) fail(719, "a thread names a mask that it is not in");
  unsigned wanted = mask & warp.present;
  if (wanted & warp.left) fail(719, "a mask names a thread that has already returned");
  Meeting* meeting = nullptr;
  for (Meeting& m : warp.meetings) {
    if (m.mask == mask) meeting = &m;
  }
  if (!meeting) {
    if (warp.meetings.empty()) warp.meetings.reserve(64);  // references stay good
    if (warp.meetings.size() == 64) fail(719, "a warp meets under more than 64 masks");
    warp.meetings.push_back({mask, 0, 0, {}, {}});
    meeting = &warp.meetings.back();
  }
  // Nobody can be more than one meeting ahead of those who still read the last one's values.
  unsigned parity = meeting->parity;
  meeting->values[parity][running->thread & 31] = value;
  meeting->arrived |= bit;
  Worker* me = running;
  if ((meeting->arrived & wanted) == wanted) {
    meeting->arrived = 0;
    meeting->parity ^= 1;
    for (Worker* other : meeting->waiting) ready.push_back(other);
    meeting->waiting.clear();
  } else {
    meeting->waiting.push_back(me);
    to_scheduler();
    running = me;
  }
  return meeting->values[parity];
}

void seed(uint64_t seed) { random_order.state = seed; }

Fault run_grid(dim3 grid, dim3 block, unsigned shared_bytes, const std::function<void()>& thread) {
  static std::vector<unsigned> dynamic;
  fault = {};
  body = &thread;
  grid_size = grid;
  block_size = block;
  dynamic.resize(shared_bytes / 4 + 16);
  dynamic_shared = (unsigned char*)(((uintptr_t)dynamic.data() + 31) & ~(uintptr_t)31);
  auto* guard = (unsigned*)(dynamic_shared + (shared_bytes + 3) / 4 * 4);

  int threads = (int)(block.x * block.y * block.z);
  order.resize(threads);
  for (int i = 0; i < threads; i++) order[i] = i;
  random_order.shuffle(order);
  uint64_t blocks = (uint64_t)grid.x * grid.y * grid.z;
  uint64_t start = random_order.below((uint32_t)blocks);
  bool down = random_order.next() & 1;
  for (uint64_t i = 0; i < blocks && !fault.error; i++) {
    uint64_t b = (start + (down ? blocks - 1 - i : i)) % blocks;
    block_index = {(unsigned)(b % grid.x), (unsigned)(b / grid.x % grid.y),
                   (unsigned)(b / ((uint64_t)grid.x * grid.y))};
    if (i % 16 == 15) random_order.shuffle(order);
    std::memset(dynamic_shared, 0xFF, shared_bytes);
    *guard = kGuard;
    if (__start_emu_shared) std::memset(__start_emu_shared, 0xFF, __stop_emu_shared - __start_emu_shared);
    run_block();
    if (!fault.error && *guard != kGuard) fault = {700, "write behind the dynamic shared memory"};
  }
  if (fault.error) {  // abandons what its threads were at
    for (Worker* worker : workers) reset(worker);
    idle = workers;
  }
  return fault;
}
}  // namespace emu
