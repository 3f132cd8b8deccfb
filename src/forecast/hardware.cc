#include "forecast/hardware.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>

#include <sys/resource.h>

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

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string platform_name() {
  if (!environment("DATABRICKS_RUNTIME_VERSION").empty()) return "Databricks";
  if (!environment("KUBERNETES_SERVICE_HOST").empty()) return "Kubernetes";
  std::error_code none;
  return fs::exists("/.dockerenv", none) ? "docker" : "local";
}

std::string first_of(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = environment(name); !value.empty()) return value;
  }
  return {};
}

}  // namespace

Hardware find_hardware(at::Device device) {
  Hardware hardware;
  hardware.host_cpu = cpu_model();
  hardware.cores = static_cast<int>(std::thread::hardware_concurrency());
  hardware.memory_gib = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE) / (1 << 30);
  hardware.device = device.str();
  const DeviceFacts facts = device_facts(device);
  hardware.gpu = facts.gpu;
  hardware.driver = facts.driver;
  hardware.platform = platform_name();
  hardware.instance_type = first_of({"HENS_INSTANCE_TYPE", "DB_INSTANCE_TYPE"});
  hardware.region = first_of({"AWS_REGION", "AWS_DEFAULT_REGION"});
  return hardware;
}

uint64_t peak_host_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace hens
