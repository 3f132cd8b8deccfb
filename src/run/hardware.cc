#include "run/hardware.h"

#include <fstream>
#include <string>
#include <unistd.h>

#include <sys/resource.h>

#include "base/cpus.h"
#include "run/platform.h"

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

Hardware host_hardware() {
  Hardware hardware;
  hardware.host_cpu = cpu_model();
  hardware.cores = usable_cpus();
  hardware.memory_gib = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE) / (1 << 30);
  const Platform platform = find_platform();
  hardware.platform = platform.name;
  hardware.instance_type = platform.instance_type;
  hardware.region = platform.region;
  return hardware;
}

std::string card_name(const Hardware& hardware) {
  return !hardware.gpu.empty() ? hardware.gpu : fmt::format("{}, {} cores", hardware.host_cpu, hardware.cores);
}

uint64_t peak_host_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace hens
