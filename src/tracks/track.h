// What a tracker finds: centres of cyclones in one frame, and tracks of them through the frames of a member. Values.
#pragma once

#include <limits>
#include <vector>

namespace hens {

struct Centre {
  double lat = 0;                                               // degrees north
  double lon = 0;                                               // degrees east, 0 .. 360
  double msl = 0;                                               // sea-level pressure [Pa]
  double wind = 0;                                              // strongest wind at 10 m nearby [m s-1]
  double elevation = std::numeric_limits<double>::quiet_NaN();  // of the model's ground there [m]; NaN: not known
};

struct TrackPoint {
  int step = 0;  // of the member's roll-out, from 0
  Centre centre;
};

// A cyclone's points in the order of time; steps may be missing.
using Track = std::vector<TrackPoint>;

}  // namespace hens
