// What came: analyses at the forecasts' valid times, through the sources that initial conditions come from. A truth is
// on the run's grid, or on a finer one that has its points; nothing is interpolated. Values that are not finite are
// refused, so that none enters a score.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "net/download.h"
#include "source/source.h"

namespace hens {

// Of --truth: gfs, analytic, or a kind of file and its path, in which strftime fields stand for the valid time.
struct TruthSpec {
  std::string text;  // as given
  std::string kind;  // gfs | analytic | grib | netcdf | makani | zarr
  std::string path;  // of kinds of files
};

// Throws Error{usage} naming what is known.
TruthSpec parse_truth(const std::string& text);

struct MissingTruth {
  std::string variable;
  Time valid_time{};
  std::string why;  // one line
};

// Not thread-safe.
class Truth {
 public:
  // `run` says what heights are multiplied by, and GFS's product; `check` as initial_conditions.check does.
  // `downloader` must outlive it.
  Truth(const TruthSpec& truth, const InitialConditionsSpec& run, StateCheck check, Downloader& downloader, Log& log);

  // [lat, lon]; none where it is not there, which missing() then names. Offline, what would have to be fetched is not
  // there. Throws Error{bad_input} where it is there and is on another grid, in another unit or not finite.
  std::optional<std::vector<float>> field(const std::string& variable, Time valid_time, const LatLonGrid& grid);

  const std::vector<MissingTruth>& missing() const { return missing_; }
  std::vector<SourceRecord> records() const { return source_->records(); }

 private:
  std::unique_ptr<Source> source_;
  bool offline_ = false;
  Log& log_;
  std::vector<MissingTruth> missing_;
  std::set<std::pair<std::string, Time>> known_missing_;
};

}  // namespace hens
