// Initial conditions: where a run's analyses come from.
//
// A source delivers one complete, checked State: all channels asked for, in that order, on the grid asked for,
// latitudes 90 .. -90, longitudes 0 .. 360, every value finite, in the model's units. What it cannot deliver is an
// error that names the channel and the file: Error{missing_input}, {bad_input}, {unavailable}, {credentials}.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "grid/state.h"
#include "job/job_spec.h"

namespace hens {

class Downloader;  // net/download.h

// One file (or part of one) that a state was made from, for run.json.
struct SourceRecord {
  std::string url;                 // as given: path or URL
  uint64_t bytes = 0;              // bytes used
  std::string sha256;              // of these bytes
  std::vector<std::string> notes;  // "q50 derived from relative humidity", ...
};

class Source {
 public:
  virtual ~Source() = default;
  // Thread-safe.
  virtual State load(Time valid_time, const std::vector<std::string>& channels, const LatLonGrid& grid) = 0;
  // What was used so far, in a fixed order (by URL).
  virtual std::vector<SourceRecord> records() const = 0;
};

// The source that `spec` names. `downloader` must outlive it.
std::unique_ptr<Source> open_source(const InitialConditionsSpec& spec, Downloader& downloader, Log& log);

// Throws Error{bad_input} naming the first channel whose values are not finite and, where `check` is strict, outside
// what the atmosphere knows (temperatures in Celsius, heights instead of geopotential), the first two levels of
// geopotential whose distance no air between them could have, or swapped hemispheres. `origin` names the file.
void check_state(const State& state, const std::string& origin, StateCheck check = StateCheck::strict);

}  // namespace hens
