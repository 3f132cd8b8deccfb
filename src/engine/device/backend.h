// Where the engine's work runs and its data lie: a CUDA device and one stream of it, or the host's memory for tests.
//
// The one place of the engine that allocates, copies, waits, and turns CUDA's codes into Error{gpu}. No LibTorch. A
// Backend outlives the Buffers made with it. One device a process: what launches find out of it is kept. Not
// thread-safe, but for copies made by a weight file's readers. A thread that uses one has its device as the current
// one: the constructor sees to that for its own thread, open_device for the program's.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/gemm/tile.h"

namespace hens::engine {

class Backend {
 public:
  // `device` is a CUDA device number; the host backend ignores it. Throws Error{gpu} where the card is too old for the
  // kernels: sm_80 at least, and sm_90 for Kernels::hopper.
  Backend(Kernels kernels, int device);
  ~Backend();
  Backend(const Backend&) = delete;

  Kernels kernels() const { return kernels_; }
  bool on_gpu() const { return kernels_ != Kernels::host; }
  int device() const { return device_; }
  int multiprocessors() const { return multiprocessors_; }
  // How far a chain's second layer stays behind the first, in tiles, so that nobody waits. On Hopper three turns of a
  // block a multiprocessor: a tile is stored one or two turns after its products began, and the copies of the tile that
  // reads it begin up to a turn before its own products. Elsewhere two turns of two blocks: copies begin when the block
  // finishes the tile before.
  int tiles_behind() const { return (kernels_ == Kernels::ampere ? 4 : 3) * multiprocessors_; }
  // Whether a kernel may be launched before the one ahead of it ends, in graphs too: drivers from CUDA 12.3 on.
  bool early_launch() const { return early_launch_; }
  // Of the Buffers made with it that still are.
  size_t allocated_bytes() const { return allocated_; }
  void* stream() const { return stream_; }  // cudaStream_t; ordered with the device's default stream

  // Waits for all work of the stream. Throws Error{gpu} with what went wrong in it.
  void wait() const;

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
};

// A range on the timeline of NVIDIA's profilers (NVTX), from construction to destruction.
class NamedRange {
 public:
  explicit NamedRange(const char* name);
  ~NamedRange();
  NamedRange(const NamedRange&) = delete;
};

// Memory of a backend, zeroed when made. Aligned to 256 bytes.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Backend& backend, size_t bytes);
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  template <typename T = void>
  T* as() const {
    return static_cast<T*>(data_);
  }
  size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
  const Backend* backend_ = nullptr;
};

// Zeros in all of it, ordered with the backend's stream.
void clear(const Backend& backend, const Buffer& buffer);

// Copies that are ordered with the backend's stream, from and to ordinary host memory. `upload` returns when `from` may
// be reused, `download` when the values are there.
void upload(const Backend& backend, void* to, const void* from, size_t bytes);
void download(const Backend& backend, void* to, const void* from, size_t bytes);

// Host memory that the GPU reads by itself, for long copies from a thread of its own, beside the backend's stream.
class Staging {
 public:
  Staging(const Backend& backend, size_t bytes);
  ~Staging();
  Staging(const Staging&) = delete;
  void* data() const { return data_; }
  // Copies the first `bytes` to the backend's memory; returns when they are there.
  void send(void* to, size_t bytes);

 private:
  const Backend& backend_;
  void* data_ = nullptr;
  void* stream_ = nullptr;
};

// Brings what the stream makes to the host beside the work that follows in it.
class AsyncDownload {
 public:
  AsyncDownload(const Backend& backend, size_t bytes);
  ~AsyncDownload();
  AsyncDownload(const AsyncDownload&) = delete;
  void* device() const { return device_.as<void>(); }  // to be written by work of the stream, before start()
  size_t bytes() const { return device_.bytes(); }
  void start();
  // The values, when they are there. Valid until the next start().
  void* wait();

 private:
  void make();
  void release();

  const Backend& backend_;
  Buffer device_;
  void *host_ = nullptr, *stream_ = nullptr, *written_ = nullptr, *arrived_ = nullptr;
};

// Times what is launched between its marks, on the GPU's own clock.
class PhaseClock {
 public:
  explicit PhaseClock(const Backend& backend);
  ~PhaseClock();
  PhaseClock(const PhaseClock&) = delete;
  // Ends the phase that runs and begins another; a name may come again.
  void begin(const std::string& phase);
  void end();
  // Milliseconds of each phase that ended, in the order of their first marks. Waits for the stream.
  std::vector<std::pair<std::string, double>> milliseconds();

 private:
  const Backend& backend_;
  std::vector<std::pair<std::string, void*>> marks_;  // cudaEvent_t; an empty name ends
};

// Bytes of the device's memory in use by anyone, and in all. Zeros on the host.
struct DeviceMemory {
  size_t used = 0, total = 0;
};
DeviceMemory device_memory(const Backend& backend);

// Which kernels are for a device: hopper on sm_90, else ampere.
Kernels best_kernels(int device);

// Throws Error{gpu} where the device is too old for any of the kernels, or too new for this build. Makes it the current
// device.
void check_capability(int device);

// Throws Error{gpu} naming `what` unless `code` (a cudaError_t) is success.
void check_cuda(int code, const char* what);

}  // namespace hens::engine
