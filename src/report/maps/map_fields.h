// From a run's stores to the numbers of its maps.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/maps/wind_map.h"
#include "run/manifest.h"

namespace hens {

// One map to draw.
struct MapTask {
  int time = 0;        // index into initial_conditions.times
  int lead_index = 0;  // of the store's lead times
  Duration lead{};
  std::string file;  // hens_wind_2024_01_01.jpg
};

// Where the fields of all maps come from: the longest roll-out, and the first output that has u10m and v10m.
struct MapSource {
  int length = 0, output = 0;
  int u = 0, v = 0;  // variables of the output
  std::vector<MapTask> tasks;
};

// The maps that the spec asks for: each initial time at each of report.map_leads, or at the last lead before it that is
// stored, each lead once. The first lead's maps bear the initial date alone (and the hour where two times share a
// date), the others also their lead: hens_wind_2024_01_01_10d.jpg. None where the spec wants no maps or no output has
// both components of the wind; `reason` then says why.
std::optional<MapSource> plan_maps(const JobSpec& spec, std::string& reason);

// Statistics over the complete members of each model; models without one are left out. None where no model has one.
// Throws Error{missing_input}, {bad_input}, {not_finite} naming the store and member.
std::optional<MapInput> read_map_input(const fs::path& run_folder, const Manifest& manifest, const MapSource& source,
                                       const MapTask& task);

}  // namespace hens
