#include "grid/region.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace hens {
namespace {

// Degrees eastward from `from` to `to`, 0 <= and < 360. Exact where both are multiples of 2^-20 degrees, as grids' are.
double eastward(double from, double to) {
  const double degrees = std::fmod(to - from, 360.0);
  return degrees < 0.0 ? degrees + 360.0 : degrees;
}

struct Columns {
  int first = 0, count = 0;
};

// Rounding of decimal fractions of degrees, as 12.3, must not lose the column at the edge.
constexpr double slack = 1e-9;

Columns columns_of(const Box& box, const std::vector<double>& lon) {
  const int all = static_cast<int>(lon.size());
  const bool globe = box.lon_max - box.lon_min >= 360.0;
  const double width = globe ? 360.0 : eastward(box.lon_min, box.lon_max);
  Columns columns;
  double nearest = 360.0;  // of those within, the first east of lon_min
  for (int k = 0; k < all; ++k) {
    const double degrees = eastward(box.lon_min - slack, lon[static_cast<size_t>(k)]);
    if (degrees > width + 2.0 * slack) continue;
    ++columns.count;
    if (degrees < nearest) nearest = degrees, columns.first = k;
  }
  return columns;
}

void cut_box(const RegionSpec& region, const LatLonGrid& global, RegionCut& cut) {
  const Box& box = region.box;
  for (int k = 0; k < global.nlat(); ++k) {
    const double lat = global.lat[static_cast<size_t>(k)];
    if (lat > box.lat_max + slack || lat < box.lat_min - slack) continue;
    if (cut.domain.grid.lat.empty()) cut.first_row = k;
    cut.domain.grid.lat.push_back(lat);
  }
  const auto [first, count] = columns_of(box, global.lon);
  if (cut.domain.grid.lat.empty() || count == 0) {
    fail(ExitCode::bad_spec,
         "regions.{}: no {} of the grid of {} x {} points lies in its box: expected edges further apart", region.name,
         count == 0 ? "column" : "row", global.nlat(), global.nlon());
  }
  cut.first_column = first;
  const bool crosses = first + count > global.nlon();
  for (int k = 0; k < count; ++k) {
    const int column = first + k;
    const double lon = global.lon[static_cast<size_t>(column % global.nlon())];
    cut.domain.grid.lon.push_back(crosses && column < global.nlon() ? lon - 360.0 : lon);
  }
}

// Where a point lies between rows or columns: the one before it, and how far it is on the way to the next.
struct Between {
  int before = 0;
  double share = 0.0;
};

Between between_rows(const LatLonGrid& grid, double lat) {
  const auto after = std::ranges::lower_bound(grid.lat, lat, std::greater<>());  // the first that is not north of it
  const auto next = static_cast<size_t>(std::clamp<std::ptrdiff_t>(after - grid.lat.begin(), 1, grid.nlat() - 1));
  return {static_cast<int>(next) - 1, (grid.lat[next - 1] - lat) / (grid.lat[next - 1] - grid.lat[next])};
}

Between between_columns(const LatLonGrid& grid, double lon) {
  const double east = grid.lon.front() + eastward(grid.lon.front(), lon);  // in [lon[0], lon[0] + 360)
  const auto after = std::ranges::upper_bound(grid.lon, east);
  const auto before = static_cast<size_t>(after - grid.lon.begin()) - 1;
  const double next = after == grid.lon.end() ? grid.lon.front() + 360.0 : *after;
  return {static_cast<int>(before), (east - grid.lon[before]) / (next - grid.lon[before])};
}

void cut_point(const NamedPoint& point, PointMethod method, const LatLonGrid& global, RegionCut& cut) {
  const Between row = between_rows(global, point.lat), column = between_columns(global, point.lon);
  const auto position = [&](int down, int across) {
    return int64_t{row.before + down} * global.nlon() + (column.before + across) % global.nlon();
  };
  if (method == PointMethod::nearest) {
    const int down = row.share > 0.5 ? 1 : 0, across = column.share > 0.5 ? 1 : 0;  // of two as near, north and west
    const int64_t at = position(down, across);
    cut.corners.push_back({at, at, at, at});
    cut.weights.push_back({1.0f, 0.0f, 0.0f, 0.0f});
    cut.domain.points.push_back({point.name, global.lat[static_cast<size_t>(at / global.nlon())],
                                 global.lon[static_cast<size_t>(at % global.nlon())]});
    return;
  }
  const double south = row.share, east = column.share;
  cut.corners.push_back({position(0, 0), position(0, 1), position(1, 0), position(1, 1)});
  cut.weights.push_back({static_cast<float>((1.0 - south) * (1.0 - east)), static_cast<float>((1.0 - south) * east),
                         static_cast<float>(south * (1.0 - east)), static_cast<float>(south * east)});
  cut.domain.points.push_back(point);
}

}  // namespace

std::vector<std::string> Domain::dimensions() const {
  return points.empty() ? std::vector<std::string>{"lat", "lon"} : std::vector<std::string>{"point"};
}

std::vector<size_t> Domain::shape() const {
  return points.empty() ? std::vector<size_t>{grid.lat.size(), grid.lon.size()} : std::vector<size_t>{points.size()};
}

RegionCut cut_region(const RegionSpec& region, const LatLonGrid& global) {
  RegionCut cut;
  if (region.points.empty()) {
    cut_box(region, global, cut);
  } else {
    for (const NamedPoint& point : region.points) cut_point(point, region.method, global, cut);
  }
  return cut;
}

Domain domain_of(const RegionSpec* region, const LatLonGrid& global) {
  return region == nullptr ? Domain{global, {}} : cut_region(*region, global).domain;
}

}  // namespace hens
