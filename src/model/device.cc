#include "model/device.h"

#include <charconv>
#include <dlfcn.h>
#include <filesystem>

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "base/error.h"
#include "model/nvml.h"

namespace hens {
namespace {

constexpr const char* cuda_backend = "libtorch_cuda.so";

// What the driver's own library says; empty where it shows a card.
std::string driver_obstacle() {
  const bool kernel_part = std::filesystem::exists("/proc/driver/nvidia/version");
  const bool device_files = std::filesystem::exists("/dev/nvidiactl");
  void* library = dlopen("libcuda.so.1", RTLD_LAZY);  // not closed: LibTorch loads it, too
  if (library == nullptr) library = dlopen("/usr/local/nvidia/lib64/libcuda.so.1", RTLD_LAZY);  // GKE's place
  if (library == nullptr) {
    if (!kernel_part && !device_files) {
      return "no NVIDIA driver is visible here (in a container: start it with --gpus all)";
    }
    return "the machine has an NVIDIA driver, and its libcuda.so.1 is not found: put its folder (on GKE "
           "/usr/local/nvidia/lib64) into LD_LIBRARY_PATH, or start the container with --gpus all";
  }
  const auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(library, "cuInit"));
  const auto version = reinterpret_cast<int (*)(int*)>(dlsym(library, "cuDriverGetVersion"));
  const auto name = reinterpret_cast<int (*)(int, const char**)>(dlsym(library, "cuGetErrorName"));
  if (init == nullptr || version == nullptr || name == nullptr) return "libcuda.so.1 is not a driver's library";
  int supported = 0;
  version(&supported);
  const int status = init(0);
  if (status == 0) return {};
  const char* text = nullptr;
  name(status, &text);
  return fmt::format("the NVIDIA driver (for CUDA {}.{}) does not start: {}{}", supported / 1000, supported % 1000 / 10,
                     text == nullptr ? "unknown error" : text,
                     device_files ? "" : "; no device files are visible (in a container: start it with --gpus all)");
}

// Empty where the backend is there and sees a card; else what is in the way.
std::string load_cuda_backend() {
  if (std::string obstacle = driver_obstacle(); !obstacle.empty()) return obstacle;
  // Never closed: it registers its kernels with LibTorch for the life of the process.
  if (dlopen(cuda_backend, RTLD_NOW | RTLD_GLOBAL) == nullptr) return dlerror();
  try {
    if (at::detail::getCUDAHooks().getNumGPUs() > 0) return {};
  } catch (const std::exception& error) {
    return error.what();
  }
  return "the driver shows no GPU, or is too old for this build's CUDA: nvidia-smi says what it supports";
}

int device_index(const std::string& name) {
  constexpr std::string_view prefix = "cuda:";
  if (name == "cuda") return 0;
  int index = -1;
  const char* end = name.data() + name.size();
  if (name.starts_with(prefix)) {
    const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, index);
    if (error == std::errc() && rest == end && index >= 0) return index;
  }
  fail(ExitCode::bad_spec, "device '{}': expected auto, cpu, cuda or cuda:K", name);
}

at::Device open_cuda(int index) {
  const std::string obstacle = load_cuda_backend();
  if (!obstacle.empty()) fail(ExitCode::gpu, "device cuda:{} cannot be used: {}", index, obstacle);
  const int cards = at::detail::getCUDAHooks().getNumGPUs();
  if (index >= cards) fail(ExitCode::gpu, "device cuda:{}: there are {} cards here, numbered from 0", index, cards);
  at::globalContext().lazyInitDevice(at::kCUDA);
  const at::Device device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
  use_device(device);
  return device;
}

// Of the card that CUDA numbers so; empty where the driver does not say.
std::string pci_bus_id(int index) {
  void* library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return {};
  const auto get = reinterpret_cast<int (*)(int*, int)>(dlsym(library, "cuDeviceGet"));
  const auto bus_id = reinterpret_cast<int (*)(char*, int, int)>(dlsym(library, "cuDeviceGetPCIBusId"));
  int card = 0;
  char text[32] = "";
  if (get == nullptr || bus_id == nullptr || get(&card, index) != 0) return {};
  return bus_id(text, sizeof text, card) == 0 ? text : "";
}

}  // namespace

at::Device open_device(const std::string& name, std::string* obstacle) {
  if (name == "cpu") return at::kCPU;
  if (name != "auto") return open_cuda(device_index(name));
  const std::string in_the_way = load_cuda_backend();
  if (in_the_way.empty()) return open_cuda(0);
  if (obstacle != nullptr) *obstacle = in_the_way;
  return at::kCPU;
}

std::vector<std::string> visible_gpus() {
  if (!driver_obstacle().empty()) return {};
  void* library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
  const auto count_devices =
      library == nullptr ? nullptr : reinterpret_cast<int (*)(int*)>(dlsym(library, "cuDeviceGetCount"));
  int count = 0;
  if (count_devices == nullptr || count_devices(&count) != 0) return {};
  std::vector<std::string> names;
  for (int k = 0; k < count; ++k) names.push_back(fmt::format("cuda:{}", k));
  return names;
}

std::vector<std::string> visible_gpu_names() {
  std::vector<std::string> names;
  for (int k = 0; k < static_cast<int>(visible_gpus().size()); ++k) names.push_back(nvml_facts(pci_bus_id(k)).name);
  return names;
}

void use_device(at::Device device) {
  if (device.is_cuda()) c10::impl::VirtualGuardImpl(at::kCUDA).setDevice(device);
}

DeviceFacts device_facts(at::Device device) {
  if (!device.is_cuda()) return {};
  const NvmlFacts facts = nvml_facts(pci_bus_id(device.index()));
  return {facts.name, facts.driver};
}

EnergyMeter::EnergyMeter(at::Device device) {
  if (!device.is_cuda()) return;
  pci_bus_id_ = pci_bus_id(device.index());
  before_ = nvml_facts(pci_bus_id_).energy;
}

std::optional<double> EnergyMeter::joules() const {
  if (!before_) return std::nullopt;
  const std::optional<double> now = nvml_facts(pci_bus_id_).energy;
  if (!now || *now < *before_) return std::nullopt;  // the driver was loaded anew
  return *now - *before_;
}

uint64_t peak_gpu_bytes(at::Device device) {
  if (!device.is_cuda()) return 0;
  const auto stats = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
  return static_cast<uint64_t>(stats.reserved_bytes[0].peak);
}

void release_cached_memory(at::Device device) {
  if (device.is_cuda()) c10::getDeviceAllocator(device.type())->emptyCache();
}

void synchronize(at::Device device) {
  if (!device.is_cuda()) return;
  try {
    at::detail::getCUDAHooks().deviceSynchronize(device.index());
  } catch (const c10::Error& error) {
    fail(ExitCode::gpu, "{}: {}", device.str(), error.what_without_backtrace());
  }
}

}  // namespace hens
