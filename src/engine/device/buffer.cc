#include "engine/device/buffer.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <cuda_runtime_api.h>

#include "base/error.h"

namespace hens::engine {
namespace {

cudaStream_t as_stream(void* stream) { return static_cast<cudaStream_t>(stream); }

}  // namespace

Buffer::Buffer(const Backend& backend, size_t bytes) : bytes_(bytes), backend_(&backend) {
  if (bytes == 0) return;
  if (backend.on_gpu()) {
    backend.make_current();
    const cudaError_t code = cudaMalloc(&data_, bytes);
    if (code == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      const DeviceMemory memory = device_memory(backend);
      fail(ExitCode::gpu,
           "device cuda:{}: {} MiB more are needed, {} of {} MiB are in use: a lower runtime.batch needs less",
           backend.device(), bytes >> 20, memory.used >> 20, memory.total >> 20);
    }
    check_cuda(code, "GPU memory");
    const cudaError_t cleared = cudaMemsetAsync(data_, 0, bytes, as_stream(backend.stream()));
    if (cleared != cudaSuccess) cudaFree(data_);
    check_cuda(cleared, "clearing GPU memory");
    backend.allocated_ += bytes;
    return;
  }
  const size_t rounded = (bytes + 255) / 256 * 256;
  data_ = std::aligned_alloc(256, rounded);
  if (data_ == nullptr) throw std::bad_alloc();
  std::memset(data_, 0, rounded);
}

Buffer::Buffer(Buffer&& other) noexcept { *this = std::move(other); }

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(backend_, other.backend_);
  return *this;
}

Buffer::~Buffer() {
  if (data_ == nullptr) return;
  if (backend_->on_gpu()) {
    backend_->allocated_ -= bytes_;
    cudaFree(data_);
  } else {
    std::free(data_);
  }
}

void clear(const Backend& backend, const Buffer& buffer) {
  if (backend.on_gpu()) {
    check_cuda(cudaMemsetAsync(buffer.as<void>(), 0, buffer.bytes(), as_stream(backend.stream())),
               "clearing GPU memory");
  } else {
    std::memset(buffer.as<void>(), 0, buffer.bytes());
  }
}

void copy(const Backend& backend, void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  if (!backend.on_gpu()) {
    std::memcpy(to, from, bytes);
    return;
  }
  check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, as_stream(backend.stream())),
             "copy within the GPU");
}

void upload(const Backend& backend, void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  if (!backend.on_gpu()) {
    std::memcpy(to, from, bytes);
    return;
  }
  // From pageable memory: CUDA has taken the values when this returns.
  check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, as_stream(backend.stream())), "copy to the GPU");
}

void download(const Backend& backend, void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  if (!backend.on_gpu()) {
    std::memcpy(to, from, bytes);
    return;
  }
  check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, as_stream(backend.stream())),
             "copy from the GPU");
  backend.wait();
}

}  // namespace hens::engine
