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

NvmlFacts nvml_facts(int index) {
  const std::unique_ptr<void, CloseLibrary> library(dlopen("libnvidia-ml.so.1", RTLD_LAZY));
  if (!library) return {};
  auto* init = symbol<int()>(library.get(), "nvmlInit_v2");
  auto* shutdown = symbol<int()>(library.get(), "nvmlShutdown");
  auto* driver = symbol<int(char*, unsigned)>(library.get(), "nvmlSystemGetDriverVersion");
  auto* handle = symbol<int(unsigned, void**)>(library.get(), "nvmlDeviceGetHandleByIndex_v2");
  auto* name = symbol<int(void*, char*, unsigned)>(library.get(), "nvmlDeviceGetName");
  if (!init || !shutdown || !driver || !handle || !name || init() != success) return {};
  NvmlFacts facts;
  std::array<char, 128> text{};
  if (driver(text.data(), text.size()) == success) facts.driver = text.data();
  void* device = nullptr;
  if (handle(static_cast<unsigned>(index), &device) == success && name(device, text.data(), text.size()) == success) {
    facts.name = text.data();
  }
  shutdown();
  return facts;
}

}  // namespace hens
