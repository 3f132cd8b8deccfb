// How much memory this process and its children may have together: a container may have less than the machine, and who
// goes beyond it is killed.
#pragma once

#include <cstdint>
#include <filesystem>

namespace hens {

// The least of the machine's memory and the limits of the cgroup and of those above it (version 2: memory.max; version
// 1: memory.limit_in_bytes) [bytes]; 0 where nothing says. `root` stands for /, for tests.
uint64_t memory_limit(const std::filesystem::path& root = "/");

// How many of `wanted` fields of `field_bytes` may wait for writers at a time in each of `processes`: an eighth of the
// limit is for all of them, the rest for what cannot shrink (models on their way to the GPU, analyses, libraries); at
// least two, so that one is written while the next comes. All of them where the limit is not known (0).
int fields_in_flight(int wanted, uint64_t field_bytes, int processes, uint64_t limit);

}  // namespace hens
