#include "engine/device/copies.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include <cuda_runtime_api.h>

namespace hens::engine {
namespace {

cudaStream_t as_stream(void* stream) { return static_cast<cudaStream_t>(stream); }

}  // namespace

PinnedUpload::PinnedUpload(const Backend& backend, size_t bytes) : backend_(backend) {
  if (!backend.on_gpu()) {
    data_ = std::malloc(bytes);
    if (data_ == nullptr) throw std::bad_alloc();
    return;
  }
  backend.make_current();
  cudaStream_t stream = nullptr;
  check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "creating a stream");
  stream_ = stream;
  const cudaError_t code = cudaHostAlloc(&data_, bytes, cudaHostAllocDefault);
  if (code != cudaSuccess) cudaStreamDestroy(stream);
  check_cuda(code, "host memory for copies");
}

PinnedUpload::~PinnedUpload() {
  if (!backend_.on_gpu()) {
    std::free(data_);
    return;
  }
  cudaFreeHost(data_);
  cudaStreamDestroy(as_stream(stream_));
}

void PinnedUpload::send(void* to, size_t bytes) {
  if (!backend_.on_gpu()) {
    std::memcpy(to, data_, bytes);
    return;
  }
  check_cuda(cudaMemcpyAsync(to, data_, bytes, cudaMemcpyHostToDevice, as_stream(stream_)), "copy to the GPU");
  check_cuda(cudaStreamSynchronize(as_stream(stream_)), "copy to the GPU");
}

AsyncDownload::AsyncDownload(const Backend& backend, size_t bytes) : backend_(backend), device_(backend, bytes) {
  if (!backend.on_gpu()) return;
  try {
    make();
  } catch (...) {
    release();
    throw;
  }
}

void AsyncDownload::make() {
  backend_.make_current();
  cudaStream_t stream = nullptr;
  cudaEvent_t written = nullptr, arrived = nullptr;
  check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "creating a stream");
  stream_ = stream;
  check_cuda(cudaEventCreateWithFlags(&written, cudaEventDisableTiming), "an event");
  written_ = written;
  check_cuda(cudaEventCreateWithFlags(&arrived, cudaEventDisableTiming), "an event");
  arrived_ = arrived;
  check_cuda(cudaHostAlloc(&host_, bytes(), cudaHostAllocDefault), "host memory for copies");
}

AsyncDownload::~AsyncDownload() { release(); }

void AsyncDownload::release() {
  if (stream_ != nullptr) cudaStreamSynchronize(as_stream(stream_));
  if (host_ != nullptr) cudaFreeHost(host_);
  for (void* event : {written_, arrived_}) {
    if (event != nullptr) cudaEventDestroy(static_cast<cudaEvent_t>(event));
  }
  if (stream_ != nullptr) cudaStreamDestroy(as_stream(stream_));
}

void AsyncDownload::start() {
  if (!backend_.on_gpu()) return;
  const auto written = static_cast<cudaEvent_t>(written_), arrived = static_cast<cudaEvent_t>(arrived_);
  check_cuda(cudaEventRecord(written, as_stream(backend_.stream())), "an event");
  check_cuda(cudaStreamWaitEvent(as_stream(stream_), written, 0), "an event");
  check_cuda(cudaMemcpyAsync(host_, device(), bytes(), cudaMemcpyDeviceToHost, as_stream(stream_)),
             "copy from the GPU");
  check_cuda(cudaEventRecord(arrived, as_stream(stream_)), "an event");
}

void* AsyncDownload::wait() {
  if (!backend_.on_gpu()) return device();
  check_cuda(cudaEventSynchronize(static_cast<cudaEvent_t>(arrived_)), "work on the GPU");
  return host_;
}

}  // namespace hens::engine
