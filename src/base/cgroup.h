// What a container's control groups allow: the least of the group that the process is in and of those above it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hens {

// A limit of one kind: how a group's folder says it in version 2 and 1 (none: it has no limit), and version 1's
// controller and the folders that it may be mounted in.
struct CgroupLimit {
  using Read = std::optional<double> (*)(const std::filesystem::path& folder);
  Read version_2 = nullptr, version_1 = nullptr;
  std::string controller;
  std::vector<std::string> mounts;
};

// None where no group limits it. `root` stands for /, for tests.
std::optional<double> least_in_cgroups(const CgroupLimit& limit, const std::filesystem::path& root = "/");

// The number at the beginning of a small file; none where there is no such file or number.
std::optional<double> number_in_file(const std::filesystem::path& path);

}  // namespace hens
