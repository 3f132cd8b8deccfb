// Where a run's tracks of cyclones lie, all in the folder tracks/: a file of each member in tracks/<name>/, and the
// products that all members' files are gathered in beside it (gather_tracks.h). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "job/work_plan.h"

namespace hens {

inline constexpr const char* tracks_folder = "tracks";  // in the run's folder

// tracks/tc/nsteps_0040_model_0_20240101T00_member_0003.csv
fs::path track_file(const WorkPlan& plan, const TracksSpec& tracks, const MemberId& id);

// Whether `path` is the name of a member's file of one of the entries.
bool is_track_file(const WorkPlan& plan, const std::vector<TracksSpec>& all, const fs::path& path);

// The products of an entry for a length of the spec: table, a-deck, GeoJSON, trajectories, map.
struct TrackProducts {
  fs::path csv, adeck, geojson, netcdf, strike;
  fs::path record;  // which members they are of, and their checksums
  std::vector<fs::path> files() const { return {csv, adeck, geojson, netcdf, strike}; }
};
TrackProducts track_products(const JobSpec& spec, const TracksSpec& tracks, int length);

}  // namespace hens
