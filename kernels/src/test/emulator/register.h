// For the files that the build makes of the .cu files: makes a kernel known by its name.
#pragma once

#include <functional>
#include <tuple>
#include <utility>

#include "emulator.h"

namespace emu {
void add(const char* name, int threads, std::function<std::function<void()>(void**)> bind);

template <class... A, size_t... I>
std::function<void()> unpack(void (*kernel)(A...), void** arguments, std::index_sequence<I...>) {
  auto values = std::make_tuple(*(A*)arguments[I]...);
  return [kernel, values] { std::apply(kernel, values); };
}

struct Registration {
  /** @param threads of a block at most */
  template <class... A>
  Registration(const char* name, void (*kernel)(A...), int threads) {
    add(name, threads, [kernel](void** arguments) { return unpack(kernel, arguments, std::index_sequence_for<A...>{}); });
  }
};
}  // namespace emu
