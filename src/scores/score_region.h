// Where scores are taken: boxes of latitude and longitude on a grid, and what a point of one weighs.
//
// A point weighs as much as its row: cos(latitude), not below 0, divided by the mean of that over the grid's rows.
// Poles weigh nothing. Points on a box's edges are in it. Pure.
#pragma once

#include <string>
#include <vector>

#include "grid/lat_lon_grid.h"

namespace hens {

// [lat_min, lat_max] x [lon_min, lon_max], degrees north and east. A box whose lon_min is above its lon_max runs
// eastward across the meridian where longitudes begin anew.
struct RegionBox {
  std::string name;
  double lat_min = -90.0, lat_max = 90.0, lon_min = 0.0, lon_max = 360.0;
};

// globe; tropics, 20 S to 20 N; extratropics_north and extratropics_south, from 20 degrees to the pole.
std::vector<RegionBox> standard_regions();

// "alps=43,48,5,16": name, lat_min, lat_max, lon_min, lon_max; longitudes -180 to 360. Throws Error{usage}.
RegionBox parse_region(const std::string& text);

// [nlat] of mean 1.
std::vector<double> latitude_weights(const std::vector<double>& lat);

// A box on a grid.
class ScoreRegion {
 public:
  // Throws Error{usage} where no point of any weight lies in it.
  ScoreRegion(const RegionBox& box, const LatLonGrid& grid);

  const RegionBox& box() const { return box_; }
  const std::string& name() const { return box_.name; }
  bool contains(size_t point) const { return rows_[point / columns_.size()] && columns_[point % columns_.size()]; }
  double weight(size_t point) const { return weights_[point / columns_.size()]; }  // requires contains(point)

 private:
  RegionBox box_;
  std::vector<bool> rows_, columns_;
  std::vector<double> weights_;  // [nlat]
};

}  // namespace hens
