#include "engine/backend.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <cuda_runtime_api.h>

#include "base/error.h"

namespace hens::engine {

void check_cuda(int code, const char* what) {
  if (code == cudaSuccess) return;
  fail(ExitCode::gpu, "{}: {}", what, cudaGetErrorString(static_cast<cudaError_t>(code)));
}

namespace {

int compute_capability(int device) {
  int major = 0, minor = 0;
  check_cuda(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "GPU properties");
  check_cuda(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device), "GPU properties");
  return 10 * major + minor;
}

cudaStream_t as_stream(void* stream) { return static_cast<cudaStream_t>(stream); }

}  // namespace

Kernels best_kernels(int device) { return compute_capability(device) == 90 ? Kernels::hopper : Kernels::ampere; }

Backend::Backend(Kernels kernels, int device) : kernels_(kernels), device_(device) {
  if (kernels == Kernels::host) return;
  const int capability = compute_capability(device);
  if (capability < 80) {
    fail(ExitCode::gpu,
         "device cuda:{}: its compute capability is {}.{}; the fast engine needs 8.0 or later: set forecast.engine to "
         "reference",
         device, capability / 10, capability % 10);
  }
  if (kernels == Kernels::hopper && capability != 90) {
    fail(ExitCode::gpu, "device cuda:{}: the hopper kernels run on compute capability 9.0 alone, this card has {}.{}",
         device, capability / 10, capability % 10);
  }
  check_cuda(cudaSetDevice(device), "choosing the GPU");
  check_cuda(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, device), "GPU properties");
  cudaStream_t stream = nullptr;
  // A blocking stream: ordered with LibTorch's work, which is in the default stream.
  check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamDefault), "creating a stream");
  stream_ = stream;
}

Backend::~Backend() {
  if (stream_ != nullptr) cudaStreamDestroy(as_stream(stream_));
}

void Backend::wait() const {
  if (on_gpu()) check_cuda(cudaStreamSynchronize(as_stream(stream_)), "work on the GPU");
}

class Backend::Graph {
 public:
  std::function<void()> work;  // on the host
  cudaGraphExec_t graph = nullptr;
  Graph() = default;
  Graph(const Graph&) = delete;
  ~Graph() {
    if (graph != nullptr) cudaGraphExecDestroy(graph);
  }
};

std::shared_ptr<Backend::Graph> Backend::record(const std::function<void()>& work) const {
  auto result = std::make_shared<Graph>();
  if (!on_gpu()) {
    result->work = work;
    return result;
  }
  cudaGraph_t graph = nullptr;
  check_cuda(cudaStreamBeginCapture(as_stream(stream_), cudaStreamCaptureModeThreadLocal), "recording a step");
  try {
    work();
  } catch (...) {
    cudaStreamEndCapture(as_stream(stream_), &graph);
    if (graph != nullptr) cudaGraphDestroy(graph);
    throw;
  }
  check_cuda(cudaStreamEndCapture(as_stream(stream_), &graph), "recording a step");
  const cudaError_t made = cudaGraphInstantiate(&result->graph, graph, 0);
  cudaGraphDestroy(graph);
  check_cuda(made, "making a graph of a step");
  return result;
}

void Backend::launch(const Graph& graph) const {
  if (!on_gpu()) return graph.work();
  check_cuda(cudaGraphLaunch(graph.graph, as_stream(stream_)), "launching a step");
}

Buffer::Buffer(const Backend& backend, size_t bytes) : bytes_(bytes), backend_(&backend) {
  if (bytes == 0) return;
  if (backend.on_gpu()) {
    const cudaError_t code = cudaMalloc(&data_, bytes);
    if (code == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      const DeviceMemory memory = device_memory(backend);
      fail(ExitCode::gpu, "device cuda:{}: {} MiB more are needed, {} of {} MiB are in use: lower runtime.batch",
           backend.device(), bytes >> 20, memory.used >> 20, memory.total >> 20);
    }
    check_cuda(code, "GPU memory");
    backend.allocated_ += bytes;
    check_cuda(cudaMemsetAsync(data_, 0, bytes, as_stream(backend.stream())), "clearing GPU memory");
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

PhaseClock::PhaseClock(const Backend& backend) : backend_(backend) {}

PhaseClock::~PhaseClock() {
  for (const auto& [name, event] : marks_) {
    if (event != nullptr) cudaEventDestroy(static_cast<cudaEvent_t>(event));
  }
}

void PhaseClock::begin(const std::string& phase) {
  cudaEvent_t event = nullptr;
  if (backend_.on_gpu()) {
    check_cuda(cudaEventCreate(&event), "an event");
    check_cuda(cudaEventRecord(event, as_stream(backend_.stream())), "an event");
  }
  marks_.emplace_back(phase, event);
}

void PhaseClock::end() { begin(""); }

std::vector<std::pair<std::string, double>> PhaseClock::milliseconds() {
  std::vector<std::pair<std::string, double>> phases;
  if (!backend_.on_gpu()) return phases;
  backend_.wait();
  for (size_t i = 0; i + 1 < marks_.size(); ++i) {
    if (marks_[i].first.empty()) continue;
    float ms = 0;
    check_cuda(cudaEventElapsedTime(&ms, static_cast<cudaEvent_t>(marks_[i].second),
                                    static_cast<cudaEvent_t>(marks_[i + 1].second)),
               "an event");
    auto found = std::find_if(phases.begin(), phases.end(), [&](const auto& p) { return p.first == marks_[i].first; });
    if (found == phases.end()) found = phases.insert(phases.end(), {marks_[i].first, 0.0});
    found->second += ms;
  }
  return phases;
}

DeviceMemory device_memory(const Backend& backend) {
  DeviceMemory memory;
  size_t free = 0;
  if (!backend.on_gpu()) return memory;
  check_cuda(cudaMemGetInfo(&free, &memory.total), "GPU memory");
  memory.used = memory.total - free;
  return memory;
}

}  // namespace hens::engine
