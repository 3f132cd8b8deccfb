#include "base/memory_limit.h"

#include <algorithm>
#include <fstream>
#include <string>

#include "base/cgroup.h"

namespace hens {
namespace {

namespace fs = std::filesystem;

// Version 2 says "max" where there is none, version 1 a number near 2^63.
std::optional<double> positive(const fs::path& path) {
  const auto bytes = number_in_file(path);
  return bytes && *bytes > 0 ? bytes : std::nullopt;
}
std::optional<double> limit_2(const fs::path& folder) { return positive(folder / "memory.max"); }
std::optional<double> limit_1(const fs::path& folder) { return positive(folder / "memory.limit_in_bytes"); }

// "MemTotal:       24689764 kB"
double machine_memory(const fs::path& root) {
  std::ifstream lines(root / "proc/meminfo");
  std::string name;
  double kilobytes = 0;
  if (lines >> name >> kilobytes && name == "MemTotal:" && kilobytes > 0) return kilobytes * 1024;
  return 0;
}

}  // namespace

uint64_t memory_limit(const fs::path& root) {
  const double machine = machine_memory(root);
  const auto limit = least_in_cgroups({limit_2, limit_1, "memory", {"memory"}}, root);
  if (!limit) return static_cast<uint64_t>(machine);
  return static_cast<uint64_t>(machine > 0 ? std::min(machine, *limit) : std::min(*limit, 9e18));
}

int fields_in_flight(int wanted, uint64_t field_bytes, int processes, uint64_t limit) {
  constexpr uint64_t least = 2;
  if (limit == 0 || field_bytes == 0) return wanted;
  const uint64_t fit = limit / 8 / static_cast<uint64_t>(std::max(processes, 1)) / field_bytes;
  return static_cast<int>(std::min(static_cast<uint64_t>(wanted), std::max(fit, least)));
}

}  // namespace hens
