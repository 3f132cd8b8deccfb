// How many CPUs this process may use: a container may have a share of a machine's cores, as a quota of time
// (Kubernetes' limits, docker run --cpus) or as a set of them. Threads beyond that only wait for each other.
// Thread-safe.
#pragma once

#include <filesystem>

namespace hens {

// The least of: the CPUs that the process may run on (affinity), and the quota of its cgroup and of those above it,
// rounded up (version 2: cpu.max; version 1: cpu.cfs_quota_us over cpu.cfs_period_us). At least 1. `root` stands for /,
// for tests.
int usable_cpus(const std::filesystem::path& root = "/");

}  // namespace hens
