#include "base/cpus.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include "base/cgroup.h"

#ifdef __linux__
#include <sched.h>
#endif

namespace hens {
namespace {

namespace fs = std::filesystem;

int allowed_cpus() {
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// cpu.max: "400000 100000" or "max 100000".
std::optional<double> quota_2(const fs::path& folder) {
  std::ifstream file(folder / "cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || !(period > 0)) return std::nullopt;
  std::istringstream text(quota);
  double value = 0;
  if (!(text >> value) || !(value > 0)) return std::nullopt;
  return value / period;
}

// -1 is no quota.
std::optional<double> quota_1(const fs::path& folder) {
  const auto quota = number_in_file(folder / "cpu.cfs_quota_us"), period = number_in_file(folder / "cpu.cfs_period_us");
  if (!quota || !period || !(*quota > 0) || !(*period > 0)) return std::nullopt;
  return *quota / *period;
}

}  // namespace

int usable_cpus(const fs::path& root) {
  const int allowed = allowed_cpus();
  const auto quota = least_in_cgroups({quota_2, quota_1, "cpu", {"cpu", "cpu,cpuacct"}}, root);
  return quota ? std::clamp(static_cast<int>(std::ceil(std::min(*quota, 1e6))), 1, allowed) : allowed;
}

}  // namespace hens
