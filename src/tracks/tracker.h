// A tracker: which cyclones a frame has, and which of them are one cyclone in time. Pure functions of a member's
// fields: the same bytes in any batch, shard or process. Const functions are thread-safe.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "grid/lat_lon_grid.h"
#include "job/tracks_spec.h"
#include "tracks/track.h"

namespace hens {

// Fields of one member at one time: [variable] of [lat, lon], in the order of Tracker::variables(). Finite.
using Frame = std::vector<std::span<const float>>;

class Tracker {
 public:
  virtual ~Tracker() = default;
  // The channels of a frame.
  const std::vector<std::string>& variables() const { return variables_; }
  // The centres of a frame, in an order that link() may depend on.
  virtual std::vector<Centre> centres(const Frame& frame) const = 0;
  // Tracks of the frames [step] of a member, by their first points.
  virtual std::vector<Track> link(const std::vector<std::vector<Centre>>& frames) const = 0;

 protected:
  explicit Tracker(std::vector<std::string> variables) : variables_(std::move(variables)) {}

 private:
  std::vector<std::string> variables_;
};

// `step`: from one frame to the next. `orography`: surface geopotential [m2 s-2], [lat, lon], empty where it is not
// known. Throws Error{bad_spec} naming tracker and grid where it has to be another one.
std::unique_ptr<Tracker> make_tracker(const TracksSpec& spec, const LatLonGrid& grid, Duration step,
                                      std::vector<float> orography = {});

}  // namespace hens
