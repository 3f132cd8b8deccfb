#include "engine/device/backend.h"

#include <algorithm>

#include <cuda_runtime_api.h>

#include "base/error.h"
#include "engine/device/code_check.h"

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

Kernels best_kernels(int device) {
  const int capability = compute_capability(device);
  const auto found = std::find_if(kernel_sets.begin(), kernel_sets.end(),
                                  [&](const KernelSet& set) { return set.runs_on(capability); });
  return found == kernel_sets.end() ? Kernels::ampere : static_cast<Kernels>(found - kernel_sets.begin());
}

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
  if (!on_gpu()) return;
  check_capability(device);
  const int capability = compute_capability(device);
  if (const KernelSet& set = kernel_set(); !set.runs_on(capability)) {
    fail(ExitCode::gpu, "device cuda:{}: the {} kernels run on compute capability {}.{}{}, this card has {}.{}", device,
         set.name, set.first_capability / 10, set.first_capability % 10,
         set.last_capability == set.first_capability ? " alone" : " and later", capability / 10, capability % 10);
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

void Backend::make_current() const {
  if (on_gpu()) check_cuda(cudaSetDevice(device_), "choosing the GPU");
}

void* Backend::stream() const {
  make_current();
  return stream_;
}

void Backend::wait() const {
  if (on_gpu()) check_cuda(cudaStreamSynchronize(as_stream(stream())), "work on the GPU");
}

const LaunchSize& Backend::launch_size(const void* kernel, const std::function<LaunchSize()>& find) const {
  const auto found = launch_sizes_.find(kernel);
  return found != launch_sizes_.end() ? found->second : launch_sizes_.emplace(kernel, find()).first->second;
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
  check_cuda(cudaStreamBeginCapture(as_stream(stream()), cudaStreamCaptureModeThreadLocal), "recording a step");
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
  check_cuda(cudaGraphLaunch(graph.graph, as_stream(stream())), "launching a step");
}

DeviceMemory device_memory(const Backend& backend) {
  DeviceMemory memory;
  size_t free = 0;
  if (!backend.on_gpu()) return memory;
  backend.make_current();
  check_cuda(cudaMemGetInfo(&free, &memory.total), "GPU memory");
  memory.used = memory.total - free;
  return memory;
}

}  // namespace hens::engine
