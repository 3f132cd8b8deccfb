// The spec's section `tracks`: tropical cyclones, found and followed while the members run. Plain data.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace hens {

enum class TrackerKind { hens, wuduan, vitart };

struct TracksSpec {
  std::string name = "tc";  // files are tracks/<name>...
  TrackerKind tracker = TrackerKind::hens;
  bool compatible = false;  // of wuduan and vitart: to the letter of Earth2Studio's, its faults included

  // Of the tracker hens. Distances are great circles [degrees].
  double pressure_rise = 200.0;    // Pa: closed contour around the minimum of sea-level pressure ...
  double pressure_distance = 5.5;  // ... within
  // Upper and lower geopotential, whose difference is the thickness of the layer, or one temperature.
  std::vector<std::string> warm_core{"z300", "z500"};
  double warm_core_drop = 58.8;                    // m2 s-2, or K: closed contour around the maximum of that ...
  double warm_core_distance = 6.5;                 // ... within
  double warm_core_offset = 1.0;                   // of that maximum from the minimum of pressure, at most
  double merge_distance = 6.0;                     // of two minima within it the deeper counts
  double range = 8.0;                              // of a cyclone from one point of its track to the next
  Duration min_duration = std::chrono::hours(54);  // of a track, first to last point
  Duration max_gap = std::chrono::hours(24);       // from one point of a track to the next, at most
  int min_points = 10;                             // of a track at which each of the next three holds
  double wind = 10.0;                              // m s-1, at least: the strongest at 10 m within 2 degrees
  double max_latitude = 50.0;                      // degrees
  double max_elevation = 150.0;                    // m, where the model knows its orography

  // Of wuduan and vitart.
  double search_distance = 300.0;  // km a frame
  int window = 2;                  // frames

  double strike_radius = 120.0;  // km
};

// The channels that a tracker looks at, in its order.
std::vector<std::string> track_variables(const TracksSpec& spec);

}  // namespace hens
