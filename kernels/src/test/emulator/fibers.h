// Runs the blocks of a launch.
#pragma once

#include <functional>
#include <string>

#include "emulator.h"

namespace emu {
/** What a kernel did wrong. */
struct Fault {
  int error = 0;
  std::string what;
};

/** Runs every block of the grid, blocks and threads in an order drawn from the seed. */
Fault run_grid(dim3 grid, dim3 block, unsigned shared_bytes, const std::function<void()>& thread);

/** Seeds the order of blocks and threads from here on. */
void seed(uint64_t seed);
}  // namespace emu
