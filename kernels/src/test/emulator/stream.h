// For libraries that put work on the emulator's streams, as cuBLAS and cuDNN do on a device's.
#pragma once

#include <cstddef>
#include <functional>

namespace emu {
/** Puts work on a stream, or into the graph that it captures; returns the driver's error, or 0. */
int submit(void* stream, const char* name, std::function<void()> work);

bool capturing(void* stream);

/** Whether the device has all of this memory. */
bool on_device(const void* p, size_t bytes);

/** What a test wants the call of that name to fail with, or the error that broke the device; or 0. */
int injected(const char* call);
}  // namespace emu
