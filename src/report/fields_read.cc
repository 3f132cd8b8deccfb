#include "report/fields_read.h"

#include <algorithm>
#include <vector>

#include "report/maps/map_fields.h"
#include "run/layout.h"

namespace hens {
namespace {

// Of an output, for every model.
struct Reading {
  std::vector<fs::path> stores;
  std::vector<std::string> known;   // variables of the output
  std::vector<std::string> wanted;  // of them

  bool wants(const fs::path& path) const {
    for (const fs::path& store : stores) {
      const auto [end, rest] = std::mismatch(store.begin(), store.end(), path.begin(), path.end());
      if (end != store.end() || rest == path.end()) continue;
      const std::string part = rest->string();
      // A folder of another variable; else the file may hold any.
      return std::ranges::find(known, part) == known.end() || std::ranges::find(wanted, part) != wanted.end();
    }
    return false;
  }
};

std::vector<std::string> variables_read(const JobSpec& spec, size_t output, const std::optional<MapSource>& maps) {
  const OutputSpec& of = spec.output[output];
  const RegionSpec* const region = region_named(spec.regions, of.region);
  if (!spec.report.places.empty() || (region != nullptr && !region->points.empty())) return of.variables;
  if (maps && maps->output == static_cast<int>(output)) return {"u10m", "v10m"};
  return {};
}

}  // namespace

std::function<bool(const fs::path&)> fields_of_reports(const JobSpec& spec) {
  std::string reason;
  const std::optional<MapSource> maps = plan_maps(spec, reason);
  const std::vector<int>& steps = spec.forecast.steps;
  const int longest = static_cast<int>(std::ranges::max_element(steps) - steps.begin());
  std::vector<Reading> readings;
  for (size_t output = 0; output < spec.output.size(); ++output) {
    Reading reading{{}, spec.output[output].variables, variables_read(spec, output, maps)};
    if (reading.wanted.empty()) continue;
    for (int model = 0; model < static_cast<int>(spec.models.size()); ++model) {
      reading.stores.push_back(store_folder(spec, spec.output[output], longest, model));
    }
    readings.push_back(std::move(reading));
  }
  return [readings](const fs::path& path) {
    return std::ranges::any_of(readings, [&](const Reading& reading) { return reading.wants(path); });
  };
}

}  // namespace hens
