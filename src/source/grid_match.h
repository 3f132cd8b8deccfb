// Where the points of a wanted grid lie in the grid of a file: exact coincidence, never interpolation.
//
// Files store their rows north to south or south to north, and their columns from 0 or from -180; a coarser grid takes
// every n-th point. All functions are pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "grid/lat_lon_grid.h"

namespace hens {

struct GridMatch {
  std::vector<int> row;     // [grid.nlat] index into the file's latitudes
  std::vector<int> column;  // [grid.nlon] index into the file's longitudes
};

// Finds `wanted` in a file's axes (degrees; any order; longitudes modulo 360). Points coincide within 0.001 degree:
// GRIB edition 1 rounds to that. Throws Error{bad_input} naming `origin` and the equiangular grids that would do.
GridMatch match_grid(std::span<const double> lat, std::span<const double> lon, const LatLonGrid& wanted,
                     const std::string& origin);

// The points of `match` out of a field whose value at (row i, column j) is field[i * row_stride + j * column_stride].
std::vector<double> take_points(std::span<const double> field, size_t row_stride, size_t column_stride,
                                const GridMatch& match);  // [grid.nlat, grid.nlon]

}  // namespace hens
