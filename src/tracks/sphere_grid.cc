#include "tracks/sphere_grid.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

namespace hens {
namespace {

constexpr double radians = std::numbers::pi / 180.0;

}  // namespace

double great_circle_degrees(double lat1, double lon1, double lat2, double lon2) {
  const double a = std::sin((lat2 - lat1) * radians / 2), b = std::sin((lon2 - lon1) * radians / 2);
  const double h = a * a + std::cos(lat1 * radians) * std::cos(lat2 * radians) * b * b;
  return 2 * std::asin(std::min(1.0, std::sqrt(h))) / radians;
}

SphereGrid::SphereGrid(const LatLonGrid& grid)
    : rows_(grid.nlat()), columns_(grid.nlon()), lat_(grid.lat), lon_(grid.lon) {
  const double spacing = 360.0 / columns_;
  assert(columns_ == 1 || std::abs(lon_[1] - lon_[0] - spacing) < 1e-6);
  for (const double lat : lat_) {
    sin_lat_.push_back(std::sin(lat * radians));
    cos_lat_.push_back(std::cos(lat * radians));
  }
  cos_across_.resize(static_cast<size_t>(columns_));
  for (int k = 0; k < columns_; ++k) {
    const int across = std::min(k, columns_ - k);  // the same bits either way around
    cos_across_[static_cast<size_t>(k)] = std::cos(across * spacing * radians);
  }
}

}  // namespace hens
