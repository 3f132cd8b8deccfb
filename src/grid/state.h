// One state of the atmosphere: all channels on one grid at one valid time, in physical units, in host memory.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "grid/lat_lon_grid.h"

namespace hens {

struct State {
  LatLonGrid grid;
  std::vector<std::string> channels;  // canonical names, see grid/channels.h
  Time valid_time{};
  std::vector<float> values;  // [channel, lat, lon], units of channel_info

  std::span<float> channel(size_t c) { return std::span(values).subspan(c * grid.points(), grid.points()); }
  std::span<const float> channel(size_t c) const { return std::span(values).subspan(c * grid.points(), grid.points()); }
};

}  // namespace hens
