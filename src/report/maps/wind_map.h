// The map of a forecast's 10 m wind: for each model a row with the ensemble mean (speed in colours, the mean wind as
// streamlines) and the ensemble spread (standard deviation of the speed), with coastlines, graticule, colour bars,
// times. Pure: from numbers to a picture.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "grid/lat_lon_grid.h"
#include "report/maps/canvas.h"
#include "report/maps/coastline.h"
#include "report/maps/wind_statistics.h"

namespace hens {

struct ModelWind {
  std::string name;
  WindStatistics wind;
};

struct MapInput {
  std::string job;
  Time initial_time{};
  Duration lead{};
  int nsteps = 0;                 // length of the roll-out that the fields are from
  LatLonGrid grid;                // global, equiangular
  std::vector<ModelWind> models;  // one or more; members of each > 0
};

// 2000 pixels wide, as high as the models need; the first 40 models where there are more, and the title says so.
// Scales are common to all models. Without `coastlines` the map has none and says so.
Picture draw_wind_map(const MapInput& input, std::span<const CoastSegment> coastlines);

}  // namespace hens
