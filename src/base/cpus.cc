#include "base/cpus.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

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

std::optional<double> number_in(const fs::path& path) {
  std::ifstream file(path);
  double value = 0;
  if (file >> value) return value;
  return std::nullopt;
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
  const auto quota = number_in(folder / "cpu.cfs_quota_us"), period = number_in(folder / "cpu.cfs_period_us");
  if (!quota || !period || !(*quota > 0) || !(*period > 0)) return std::nullopt;
  return *quota / *period;
}

// The least quota on the way from `path` (of a line of /proc/self/cgroup) up to the mount. In a container the path may
// be the host's, and the mount the container's own: what does not exist has no quota.
std::optional<double> least_quota(const fs::path& mount, fs::path path,
                                  std::optional<double> (*read)(const fs::path&)) {
  std::optional<double> least;
  const auto look = [&](const fs::path& folder) {
    if (const auto quota = read(folder)) least = std::min(*quota, least.value_or(*quota));
  };
  for (path = path.relative_path(); !path.empty(); path = path.parent_path()) look(mount / path);
  look(mount);
  return least;
}

bool has_controller(const std::string& controllers, const std::string& wanted) {
  std::istringstream list(controllers);
  for (std::string name; std::getline(list, name, ',');) {
    if (name == wanted) return true;
  }
  return false;
}

// Lines are hierarchy:controllers:path; version 2 is "0::path".
std::optional<double> cgroup_quota(const fs::path& root) {
  std::optional<double> least;
  std::ifstream groups(root / "proc/self/cgroup");
  const fs::path mount = root / "sys/fs/cgroup";
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    std::optional<double> quota;
    if (controllers.empty()) quota = least_quota(mount, path, quota_2);
    if (has_controller(controllers, "cpu")) {
      quota = least_quota(mount / "cpu", path, quota_1);
      if (!quota) quota = least_quota(mount / "cpu,cpuacct", path, quota_1);
    }
    if (quota) least = std::min(*quota, least.value_or(*quota));
  }
  return least;
}

}  // namespace

int usable_cpus(const fs::path& root) {
  const int allowed = allowed_cpus();
  const auto quota = cgroup_quota(root);
  return quota ? std::clamp(static_cast<int>(std::ceil(std::min(*quota, 1e6))), 1, allowed) : allowed;
}

}  // namespace hens
