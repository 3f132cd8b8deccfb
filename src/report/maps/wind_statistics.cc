#include "report/maps/wind_statistics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace hens {
namespace {

void check_finite(std::span<const float> field, const char* name, const std::string& origin) {
  const auto bad = std::find_if_not(field.begin(), field.end(), [](float value) { return std::isfinite(value); });
  if (bad != field.end()) {
    fail(ExitCode::not_finite, "{}: {} is not finite at point {}: `hens verify` shows whether the file is damaged",
         origin, name, bad - field.begin());
  }
}

}  // namespace

WindAccumulator::WindAccumulator(size_t points) : u_(points), v_(points), speed_(points), squares_(points) {}

void WindAccumulator::add(std::span<const float> u, std::span<const float> v, const std::string& origin) {
  assert(u.size() == u_.size() && v.size() == v_.size());
  check_finite(u, "u10m", origin);
  check_finite(v, "v10m", origin);
  ++members_;
  for (size_t i = 0; i < u.size(); ++i) {
    u_[i] += (u[i] - u_[i]) / members_;
    v_[i] += (v[i] - v_[i]) / members_;
    const double speed = std::hypot(static_cast<double>(u[i]), static_cast<double>(v[i]));
    const double deviation = speed - speed_[i];
    speed_[i] += deviation / members_;
    squares_[i] += deviation * (speed - speed_[i]);
  }
}

WindStatistics WindAccumulator::statistics() const {
  assert(members_ > 0);
  WindStatistics result{members_, {u_.begin(), u_.end()}, {v_.begin(), v_.end()}, {speed_.begin(), speed_.end()}, {}};
  result.spread.reserve(squares_.size());
  for (const double squares : squares_) {
    result.spread.push_back(members_ == 1 ? 0.0F : static_cast<float>(std::sqrt(squares / (members_ - 1))));
  }
  return result;
}

double area_mean(std::span<const float> field, std::span<const double> lat) {
  assert(!field.empty() && field.size() % lat.size() == 0);
  const size_t nlon = field.size() / lat.size();
  double sum = 0.0, total = 0.0;
  for (size_t i = 0; i < field.size(); ++i) {
    const double weight = std::max(0.0, std::cos(lat[i / nlon] * std::numbers::pi / 180.0));
    sum += weight * field[i];
    total += weight;
  }
  return sum / total;
}

}  // namespace hens
