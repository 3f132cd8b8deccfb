#include "forecast/hardware.h"

#include <fstream>
#include <string>
#include <unistd.h>

#include <sys/resource.h>

#include "base/cpus.h"
#include "forecast/platform.h"
#include "sfno/device.h"

namespace hens {
namespace {

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

}  // namespace

Hardware find_hardware(at::Device device) {
  Hardware hardware;
  hardware.host_cpu = cpu_model();
  hardware.cores = usable_cpus();
  hardware.memory_gib = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE) / (1 << 30);
  hardware.device = device.str();
  const DeviceFacts facts = device_facts(device);
  hardware.gpu = facts.gpu;
  hardware.driver = facts.driver;
  const Platform platform = find_platform();
  hardware.platform = platform.name;
  hardware.instance_type = platform.instance_type;
  hardware.region = platform.region;
  return hardware;
}

uint64_t peak_host_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace hens
