// The made-up planet of synthetic packages: smooth hills, land where they are high. One planet for all seeds, as all
// models of an ensemble share theirs.
#pragma once

#include <vector>

#include "grid/lat_lon_grid.h"

namespace hens {

struct Planet {
  std::vector<float> orography;  // [lat, lon] surface geopotential, m2 s-2, 0 at sea
  std::vector<float> land_mask;  // [lat, lon] fraction of land: exactly 1 inland, a few steps wide at coasts
};

Planet make_planet(const LatLonGrid& grid);

}  // namespace hens
