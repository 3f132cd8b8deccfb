#include "base/cgroup.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace hens {
namespace {

namespace fs = std::filesystem;

// The least limit on the way from `path` (of a line of /proc/self/cgroup) up to the mount. In a container the path may
// be the host's, and the mount the container's own: what does not exist has no limit.
std::optional<double> least_above(const fs::path& mount, fs::path path, CgroupLimit::Read read) {
  std::optional<double> least;
  const auto look = [&](const fs::path& folder) {
    if (const auto limit = read(folder)) least = std::min(*limit, least.value_or(*limit));
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

}  // namespace

std::optional<double> number_in_file(const fs::path& path) {
  std::ifstream file(path);
  double value = 0;
  if (file >> value) return value;
  return std::nullopt;
}

// Lines are hierarchy:controllers:path; version 2 is "0::path".
std::optional<double> least_in_cgroups(const CgroupLimit& limit, const fs::path& root) {
  std::optional<double> least;
  std::ifstream groups(root / "proc/self/cgroup");
  const fs::path mount = root / "sys/fs/cgroup";
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    std::optional<double> found;
    if (controllers.empty()) found = least_above(mount, path, limit.version_2);
    for (const std::string& folder : limit.mounts) {
      if (!found && has_controller(controllers, limit.controller)) {
        found = least_above(mount / folder, path, limit.version_1);
      }
    }
    if (found) least = std::min(*found, least.value_or(*found));
  }
  return least;
}

}  // namespace hens
