// What statistics take before a job runs: memory beside the engine, and bytes on disk. Pure functions of the spec.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "grid/lat_lon_grid.h"
#include "job/job_spec.h"

namespace hens {

struct StatisticsCost {
  int64_t pairs = 0;        // of a variable and a lead time, of the length that has most
  int64_t sum_bytes = 0;    // of their sums, on the device
  int64_t other_bytes = 0;  // windows' memory for a batch, and room for values outside of histograms' windows
  int64_t part_bytes = 0;   // of a part on disk, estimated
  int64_t parts = 0;        // of one process: one for each model, length and initial time, its regions together
  int64_t device_bytes() const { return sum_bytes + other_bytes; }
};

// Of a job whose models have this grid. Zeros where it keeps no statistics.
StatisticsCost statistics_cost(const JobSpec& spec, const LatLonGrid& grid);

nlohmann::ordered_json to_json(const StatisticsCost& cost);
// A few lines for people. `engine_bytes`: what the engine takes of a GPU.
std::string statistics_cost_text(const StatisticsCost& cost, int64_t engine_bytes);

}  // namespace hens
