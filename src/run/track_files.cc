#include "run/track_files.h"

#include <algorithm>

#include <fmt/format.h>

namespace hens {

fs::path track_file(const WorkPlan& plan, const TracksSpec& tracks, const MemberId& id) {
  return fs::path(tracks_folder) / tracks.name / (fs::path(plan.marker(id)).stem().string() + ".csv");
}

bool is_track_file(const WorkPlan& plan, const std::vector<TracksSpec>& all, const fs::path& path) {
  if (path.extension() != ".csv" || !plan.find_marker(path.stem().string() + ".json")) return false;
  return std::ranges::any_of(
      all, [&](const TracksSpec& tracks) { return path.parent_path() == fs::path(tracks_folder) / tracks.name; });
}

TrackProducts track_products(const JobSpec& spec, const TracksSpec& tracks, int length) {
  std::string stem = tracks.name;
  if (spec.forecast.steps.size() > 1) stem += fmt::format("_nsteps_{:04d}", spec.forecast.steps.at(length));
  const auto file = [&](const char* suffix) { return fs::path(tracks_folder) / (stem + suffix); };
  return {file(".csv"), file(".adeck"), file(".geojson"), file(".nc"), file(".strike.nc"), file(".json")};
}

}  // namespace hens
