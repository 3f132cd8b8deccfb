// Points of a global latitude-longitude grid on the sphere: great-circle distances, what lies within one, neighbours.
// Longitude wraps, and what is beyond a pole is the other side of it. Distances depend on rows and on the difference of
// columns alone: a field that is turned about the axis, or mirrored at the equator, has the same to the last bit.
// Immutable.
#pragma once

#include <cstdlib>
#include <vector>

#include "grid/lat_lon_grid.h"

namespace hens {

inline constexpr double earth_radius_km = 6371.0;

double great_circle_degrees(double lat1, double lon1, double lat2, double lon2);  // of degrees

class SphereGrid {
 public:
  // Requires columns that are evenly spaced around the globe.
  explicit SphereGrid(const LatLonGrid& grid);

  int rows() const { return rows_; }
  int columns() const { return columns_; }
  size_t points() const { return static_cast<size_t>(rows_) * static_cast<size_t>(columns_); }
  double lat(int row) const { return lat_[static_cast<size_t>(row)]; }
  double lon(int column) const { return lon_[static_cast<size_t>(column)]; }
  size_t index(int row, int column) const {
    return static_cast<size_t>(row) * static_cast<size_t>(columns_) + static_cast<size_t>(column);
  }
  int wrapped(int column) const {
    return column < 0 ? column + columns_ : column >= columns_ ? column - columns_ : column;
  }

  // Cosine of the angle between two points.
  double cosine(int row1, int column1, int row2, int column2) const {
    return cosine_across(row1, row2, std::abs(column1 - column2));
  }

  // Calls use(row, column) for each point within the angle of cosine `least` of (row, column), itself among them.
  template <typename Use>
  void for_each_within(int row, int column, double least, const Use& use) const {
    for (const int direction : {-1, 1}) {
      for (int r = direction < 0 ? row : row + 1; r >= 0 && r < rows_; r += direction) {
        if (cosine_across(row, r, 0) < least) break;
        use(r, column);
        for (int across = 1; across <= columns_ / 2 && cosine_across(row, r, across) >= least; ++across) {
          use(r, wrapped(column - across));
          if (2 * across != columns_) use(r, wrapped(column + across));
        }
      }
    }
  }

 private:
  double cosine_across(int row1, int row2, int across) const {
    const auto a = static_cast<size_t>(row1), b = static_cast<size_t>(row2);
    return sin_lat_[a] * sin_lat_[b] + cos_lat_[a] * cos_lat_[b] * cos_across_[static_cast<size_t>(across)];
  }

  int rows_, columns_;
  std::vector<double> lat_, lon_, sin_lat_, cos_lat_;
  std::vector<double> cos_across_;  // [columns]: cosine of so many columns' difference in longitude
};

}  // namespace hens
