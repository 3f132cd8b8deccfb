#include "model/nvml.h"

#include <array>
#include <dlfcn.h>
#include <memory>

namespace hens {
namespace {

constexpr int success = 0;

struct CloseLibrary {
  void operator()(void* handle) const noexcept { dlclose(handle); }
};

template <typename Function>
Function* symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

}  // namespace

NvmlFacts nvml_facts(const std::string& pci_bus_id, const char* library_name) {
  const std::unique_ptr<void, CloseLibrary> library(dlopen(library_name, RTLD_LAZY));
  if (!library) return {};
  auto* init = symbol<int()>(library.get(), "nvmlInit_v2");
  auto* shutdown = symbol<int()>(library.get(), "nvmlShutdown");
  auto* driver = symbol<int(char*, unsigned)>(library.get(), "nvmlSystemGetDriverVersion");
  auto* handle = symbol<int(const char*, void**)>(library.get(), "nvmlDeviceGetHandleByPciBusId_v2");
  auto* name = symbol<int(void*, char*, unsigned)>(library.get(), "nvmlDeviceGetName");
  if (!init || !shutdown || !driver || !handle || !name || init() != success) return {};
  NvmlFacts facts;
  std::array<char, 128> text{};
  if (driver(text.data(), text.size()) == success) facts.driver = text.data();
  void* device = nullptr;
  if (!pci_bus_id.empty() && handle(pci_bus_id.c_str(), &device) == success) {
    if (name(device, text.data(), text.size()) == success) facts.name = text.data();
    auto* energy = symbol<int(void*, unsigned long long*)>(library.get(), "nvmlDeviceGetTotalEnergyConsumption");
    unsigned long long millijoules = 0;
    if (energy && energy(device, &millijoules) == success) facts.energy = static_cast<double>(millijoules) / 1e3;
  }
  shutdown();
  return facts;
}

}  // namespace hens
