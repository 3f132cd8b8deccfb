#include "source/grid_match.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include <fmt/ranges.h>

#include "base/error.h"

namespace hens {
namespace {

constexpr double coincidence = 1e-3;  // degrees

double wrapped(double longitude) {
  const double turned = std::fmod(longitude, 360.0);
  const double positive = turned < 0 ? turned + 360.0 : turned;
  return 360.0 - positive < coincidence ? 0.0 : positive;  // 359.9999 is 0
}

// For each of `wanted` the index of the entry of `axis` that it coincides with, -1 for the first without one.
std::vector<int> find_points(const std::vector<double>& axis, const std::vector<double>& wanted) {
  std::vector<int> order(axis.size()), found;
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](int i) { return axis[i]; });
  for (const double value : wanted) {
    const auto at = std::ranges::lower_bound(order, value - coincidence, {}, [&](int i) { return axis[i]; });
    const bool there = at != order.end() && std::abs(axis[*at] - value) <= coincidence;
    found.push_back(there ? *at : -1);
    if (!there) break;
  }
  return found;
}

std::string axis_text(std::span<const double> axis) {
  if (axis.empty()) return "none";
  return axis.size() == 1 ? fmt::format("{}", axis.front())
                          : fmt::format("{:.6g}, {:.6g} .. {:.6g}", axis[0], axis[1], axis.back());
}

// "721x1440, 361x720, ...": every n-th point of the file's grid, where that is an equiangular grid with both poles.
std::string grids_that_would_do(std::span<const double> lat, std::span<const double> lon) {
  const int intervals = static_cast<int>(lat.size()) - 1, columns = static_cast<int>(lon.size());
  std::vector<std::string> sizes;
  for (int n = 1; n <= intervals && sizes.size() < 10; ++n) {
    if (intervals % n || columns % n) continue;
    const LatLonGrid grid = equiangular_grid(intervals / n + 1, columns / n);
    std::vector<double> longitudes(lon.begin(), lon.end());
    std::ranges::transform(longitudes, longitudes.begin(), wrapped);
    if (find_points({lat.begin(), lat.end()}, grid.lat).back() < 0 || find_points(longitudes, grid.lon).back() < 0)
      break;
    sizes.push_back(fmt::format("{}x{}", grid.nlat(), grid.nlon()));
  }
  return sizes.empty() ? "only that grid itself would do"
                       : fmt::format("with this file, model grids that would do: {}", fmt::join(sizes, ", "));
}

}  // namespace

GridMatch match_grid(std::span<const double> lat, std::span<const double> lon, const LatLonGrid& wanted,
                     const std::string& origin) {
  std::vector<double> longitudes(lon.begin(), lon.end()), wanted_longitudes = wanted.lon;
  std::ranges::transform(longitudes, longitudes.begin(), wrapped);
  std::ranges::transform(wanted_longitudes, wanted_longitudes.begin(), wrapped);
  GridMatch match{find_points({lat.begin(), lat.end()}, wanted.lat), find_points(longitudes, wanted_longitudes)};
  const bool missing_row = match.row.empty() || match.row.back() < 0;
  const bool missing_column = match.column.empty() || match.column.back() < 0;
  if (missing_row || missing_column) {
    const std::string missing = missing_row
                                    ? fmt::format("latitude {}", wanted.lat[std::max<size_t>(match.row.size(), 1) - 1])
                                    : fmt::format("longitude {}", wanted.lon[match.column.size() - 1]);
    fail(ExitCode::bad_input,
         "{}: its grid of {}x{} points (latitudes {}; longitudes {}) has no {} of the wanted {}x{} grid; points must "
         "coincide, nothing is interpolated; {}",
         origin, lat.size(), lon.size(), axis_text(lat), axis_text(lon), missing, wanted.nlat(), wanted.nlon(),
         grids_that_would_do(lat, lon));
  }
  return match;
}

std::vector<double> take_points(std::span<const double> field, size_t row_stride, size_t column_stride,
                                const GridMatch& match) {
  std::vector<double> points;
  points.reserve(match.row.size() * match.column.size());
  for (const int i : match.row) {
    for (const int j : match.column) {
      assert(i * row_stride + j * column_stride < field.size());
      points.push_back(field[i * row_stride + j * column_stride]);
    }
  }
  return points;
}

}  // namespace hens
