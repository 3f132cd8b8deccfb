#include "engine/device/backend.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <cuda_runtime_api.h>
#include <nvtx3/nvToolsExt.h>

#include "base/error.h"
#include "engine/sfno/fields.h"

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

void check_capability(int device) {
  const int capability = compute_capability(device);
  check_cuda(cudaSetDevice(device), "choosing the GPU");
  if (capability >= 80 && have_code()) return;
  fail(ExitCode::gpu,
       "device cuda:{}: its compute capability is {}.{}; the fast engine {}: set forecast.engine to reference", device,
       capability / 10, capability % 10,
       capability < 80 ? "needs 8.0 or later" : "of this build has no code for it that its driver takes");
}

Backend::Backend(Kernels kernels, int device) : kernels_(kernels), device_(device) {
  if (kernels == Kernels::host) return;
  check_capability(device);
  const int capability = compute_capability(device);
  if (kernels == Kernels::hopper && capability != 90) {
    fail(ExitCode::gpu, "device cuda:{}: the hopper kernels run on compute capability 9.0 alone, this card has {}.{}",
         device, capability / 10, capability % 10);
  }
  check_cuda(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, device), "GPU properties");
  int driver = 0;
  check_cuda(cudaDriverGetVersion(&driver), "the driver's version");
  early_launch_ = driver >= 12030;
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

NamedRange::NamedRange(const char* name) { nvtxRangePushA(name); }
NamedRange::~NamedRange() { nvtxRangePop(); }

Buffer::Buffer(const Backend& backend, size_t bytes) : bytes_(bytes), backend_(&backend) {
  if (bytes == 0) return;
  if (backend.on_gpu()) {
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

Staging::Staging(const Backend& backend, size_t bytes) : backend_(backend) {
  if (!backend.on_gpu()) {
    data_ = std::malloc(bytes);
    if (data_ == nullptr) throw std::bad_alloc();
    return;
  }
  check_cuda(cudaSetDevice(backend.device()), "choosing the GPU");
  cudaStream_t stream = nullptr;
  check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "creating a stream");
  stream_ = stream;
  const cudaError_t code = cudaHostAlloc(&data_, bytes, cudaHostAllocDefault);
  if (code != cudaSuccess) cudaStreamDestroy(stream);
  check_cuda(code, "host memory for copies");
}

Staging::~Staging() {
  if (!backend_.on_gpu()) {
    std::free(data_);
    return;
  }
  cudaFreeHost(data_);
  cudaStreamDestroy(as_stream(stream_));
}

void Staging::send(void* to, size_t bytes) {
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
