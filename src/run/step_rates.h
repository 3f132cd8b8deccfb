// How fast cards were seen to step: what runs on this machine measured, kept in the cache (rates.json), and a table of
// measurements that comes with hens. What a job will take is reckoned from them before it starts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/files.h"

namespace hens {

struct StepRate {
  std::string card, engine;  // "NVIDIA H200", or the CPU's name; Engine::name()
  int nlat = 0, nlon = 0;
  int embed_dim = 0;  // of the model: with the grid it says how large a step is
  double ms_per_member_step = 0.0;
  std::optional<double> joules_per_member_step;  // of the card while it was held
  std::string measured;                          // the day, 2026-12-01
  bool here = false;                             // by a run with this cache; else from the table
};

// Fewer member-steps than these are warming up, and no rate.
inline constexpr int64_t least_member_steps = 20;

// Keeps a rate in the place of an earlier one of that card, engine and size. What cannot be kept is not: no run fails
// by it.
void remember_rate(const fs::path& cache, const StepRate& rate);

// Of models of this size on `card` (empty: none is here): the last one measured with this cache; else the table's of
// that card; else the table's first of that size; none where the table has no such size, either.
std::optional<StepRate> step_rate(const fs::path& cache, const std::string& card, int nlat, int nlon, int embed_dim);

// The table: docs/performance.md says how each was measured.
const std::vector<StepRate>& measured_rates();

}  // namespace hens
