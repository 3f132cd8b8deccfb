// A regular latitude-longitude grid, as the models and the stores have it: rows north to south, columns eastward.
#pragma once

#include <cstddef>
#include <vector>

namespace hens {

struct LatLonGrid {
  std::vector<double> lat;  // [nlat] degrees north, strictly decreasing
  std::vector<double> lon;  // [nlon] degrees east, strictly increasing, within [0, 360)

  int nlat() const { return static_cast<int>(lat.size()); }
  int nlon() const { return static_cast<int>(lon.size()); }
  std::size_t points() const { return lat.size() * lon.size(); }
  bool operator==(const LatLonGrid&) const = default;
};

// The equiangular global grid: nlat rows from 90 to -90 with both poles, nlon columns from 0 eastward.
// Requires nlat >= 2, nlon >= 1. 721 x 1440 is the 0.25 degree grid of HENS.
LatLonGrid equiangular_grid(int nlat, int nlon);

}  // namespace hens
