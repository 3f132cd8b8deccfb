// Where fields lie: a grid of rows and columns, or points; and how a region of the globe is cut out of its fields.
//
// A box has the grid's own rows and columns, with their exact latitudes and longitudes. Where it crosses Greenwich, the
// columns west of it have negative longitudes, so that they ascend eastward. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "grid/lat_lon_grid.h"
#include "job/region_spec.h"

namespace hens {

struct Domain {
  LatLonGrid grid;                 // fields are [lat, lon]
  std::vector<NamedPoint> points;  // or, where there are some, [point]; of the values: of `nearest`, the grid point's

  size_t size() const { return points.empty() ? grid.points() : points.size(); }
  std::vector<std::string> dimensions() const;  // lat, lon; or point
  std::vector<size_t> shape() const;            // lengths of them
  bool operator==(const Domain&) const = default;
};

// What of a field [lat, lon] of the whole grid makes one of the domain.
struct RegionCut {
  Domain domain;
  // Of a box: its rows from the first on, and its columns from the first on eastward, around the globe's end.
  int first_row = 0, first_column = 0;
  // Of points: [point] positions in the field, and their weights, which add up to 1. `nearest` has one of weight 1.
  std::vector<std::array<int64_t, 4>> corners;
  std::vector<std::array<float, 4>> weights;
};

// Throws Error{bad_spec} naming the region where no row or no column of the grid is in its box. Requires a global grid
// with both poles, as all models have; beyond the last column the first one follows.
RegionCut cut_region(const RegionSpec& region, const LatLonGrid& global);

// Of all of the globe, where `region` is null.
Domain domain_of(const RegionSpec* region, const LatLonGrid& global);

}  // namespace hens
