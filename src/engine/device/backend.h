// Where the engine's work runs: a CUDA device and one stream of it, or the host, for tests.
//
// The folder's one other subject is memory there (buffer.h, copies.h); between them they allocate, copy, wait, and turn
// CUDA's codes into Error{gpu}. No LibTorch. A Backend outlives what is made with it. All that is known of a device,
// how its kernels are launched included, lives here: a process may have several backends, of one device or of several.
// Not thread-safe, but for the copies of PinnedUpload. Every call makes the backend's device the calling thread's
// current one, and leaves it so.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>

#include "engine/device/kernels.h"

namespace hens::engine {

// What it takes to launch a persistent kernel on a device.
struct LaunchSize {
  int shared_bytes = 0;  // of a block
  int blocks = 0;        // that the device holds at once
};

class Backend {
 public:
  // `device` is a CUDA device number; the host backend ignores it. Throws Error{gpu} where the kernels do not run on
  // the card (kernels.h).
  Backend(Kernels kernels, int device);
  ~Backend();
  Backend(const Backend&) = delete;

  Kernels kernels() const { return kernels_; }
  const KernelSet& kernel_set() const { return engine::kernel_set(kernels_); }
  bool on_gpu() const { return kernel_set().on_gpu(); }
  int device() const { return device_; }
  int multiprocessors() const { return multiprocessors_; }
  // Whether a kernel may be launched before the one ahead of it ends, in graphs too: drivers from CUDA 12.3 on.
  bool early_launch() const { return early_launch_; }
  // Bytes of all Buffers made with it that are still alive; 0 on the host.
  size_t allocated_bytes() const { return allocated_; }

  // Makes the device the calling thread's current one.
  void make_current() const;
  // cudaStream_t, for launches: it makes the device current. Ordered with the device's default stream.
  void* stream() const;
  // Waits for all work of the stream. Throws Error{gpu} with what went wrong in it.
  void wait() const;
  // How `kernel` is launched here: what `find` says, asked at its first launch.
  const LaunchSize& launch_size(const void* kernel, const std::function<LaunchSize()>& find) const;

  // Records what `work` launches once, as a graph to be launched again; on the host it runs nothing and keeps `work`.
  class Graph;
  std::shared_ptr<Graph> record(const std::function<void()>& work) const;
  void launch(const Graph& graph) const;

 private:
  Kernels kernels_;
  int device_ = 0, multiprocessors_ = 1;
  bool early_launch_ = false;
  void* stream_ = nullptr;
  friend class Buffer;
  mutable size_t allocated_ = 0;
  mutable std::map<const void*, LaunchSize> launch_sizes_;  // by kernel
};

// Bytes of the device's memory in use by anyone, and in all. Zeros on the host.
struct DeviceMemory {
  size_t used = 0, total = 0;
};
DeviceMemory device_memory(const Backend& backend);

// The best kernels for a device: hopper on compute capability 9.0, else ampere.
Kernels best_kernels(int device);

// Throws Error{gpu} where the device is too old for any of the kernels, or too new for this build. Makes it the current
// device.
void check_capability(int device);

// Throws Error{gpu} naming `what` unless `code` (a cudaError_t) is success.
void check_cuda(int code, const char* what);

}  // namespace hens::engine
