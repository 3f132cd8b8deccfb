#include "scores/score_region.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/error.h"

namespace hens {
namespace {

constexpr double edge = 1e-9;  // degrees: what a coordinate of thirds is rounded by

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  fail(ExitCode::usage,
       "--region {}: {}; expected NAME=lat_min,lat_max,lon_min,lon_max in degrees north and east, as alps=43,48,5,16",
       text, why);
}

std::vector<double> numbers_of(const std::string& text, const std::string& list) {
  std::vector<double> numbers;
  const char *at = list.data(), *const end = list.data() + list.size();
  while (true) {
    double value = 0;
    const auto [rest, error] = std::from_chars(at, end, value);
    if (error != std::errc() || !std::isfinite(value)) refuse(text, "a number is not one");
    numbers.push_back(value);
    if (rest == end) return numbers;
    if (*rest != ',') refuse(text, "a number is not one");
    at = rest + 1;
  }
}

bool is_name(const std::string& name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                              std::string::npos;
}

// Degrees from `from` eastward to `to`, [0, 360).
double eastward(double from, double to) {
  const double turn = std::fmod(to - from, 360.0);
  return turn < 0.0 ? turn + 360.0 : turn;
}

bool column_in(const RegionBox& box, double lon) {
  if (box.lon_max - box.lon_min >= 360.0) return true;
  const double width = eastward(box.lon_min, box.lon_max), at = eastward(box.lon_min, lon);
  return at <= width + edge || at >= 360.0 - edge;
}

}  // namespace

std::vector<RegionBox> standard_regions() {
  return {
      {"globe"}, {"tropics", -20.0, 20.0}, {"extratropics_north", 20.0, 90.0}, {"extratropics_south", -90.0, -20.0}};
}

RegionBox parse_region(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) refuse(text, "there is no '='");
  const std::string name = text.substr(0, equals);
  if (!is_name(name)) refuse(text, "its name has other characters than letters, digits, _ and -");
  const std::vector<double> numbers = numbers_of(text, text.substr(equals + 1));
  if (numbers.size() != 4) refuse(text, fmt::format("there are {} numbers", numbers.size()));
  const RegionBox box{name, numbers[0], numbers[1], numbers[2], numbers[3]};
  if (box.lat_min > box.lat_max) refuse(text, "lat_min is above lat_max");
  if (box.lat_min < -90.0 || box.lat_max > 90.0) refuse(text, "a latitude is beyond a pole");
  if (std::min(box.lon_min, box.lon_max) < -180.0 || std::max(box.lon_min, box.lon_max) > 360.0) {
    refuse(text, "a longitude is not within -180 and 360");
  }
  return box;
}

std::vector<double> latitude_weights(const std::vector<double>& lat) {
  std::vector<double> weights;
  for (const double degrees : lat) weights.push_back(std::max(0.0, std::cos(degrees * std::numbers::pi / 180.0)));
  const double mean = std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(weights.size());
  for (double& weight : weights) weight /= mean;
  return weights;
}

ScoreRegion::ScoreRegion(const RegionBox& box, const LatLonGrid& grid)
    : box_(box), weights_(latitude_weights(grid.lat)) {
  for (const double lat : grid.lat) rows_.push_back(lat >= box.lat_min - edge && lat <= box.lat_max + edge);
  for (const double lon : grid.lon) columns_.push_back(column_in(box, lon));
  double weight = 0.0;
  for (size_t row = 0; row < rows_.size(); ++row) weight += rows_[row] ? weights_[row] : 0.0;
  if (std::ranges::count(columns_, true) > 0 && weight > 1e-9) return;
  fail(ExitCode::usage, "--region {}: no point of the grid of {} x {} that weighs anything lies in it", box.name,
       grid.nlat(), grid.nlon());
}

}  // namespace hens
