#include "report/maps/map_projection.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hens::equal_earth {
namespace {

// The polynomial's coefficients, the paper's equation 10.
constexpr double a1 = 1.340264, a2 = -0.081106, a3 = 0.000893, a4 = 0.003796;
constexpr double radians = std::numbers::pi / 180.0;
const double root3 = std::sqrt(3.0);

// y of the parametric latitude theta, and its derivative.
double height(double theta) {
  const double t2 = theta * theta, t6 = t2 * t2 * t2;
  return theta * (a1 + a2 * t2 + t6 * (a3 + a4 * t2));
}

double height_slope(double theta) {
  const double t2 = theta * theta, t6 = t2 * t2 * t2;
  return a1 + 3.0 * a2 * t2 + t6 * (7.0 * a3 + 9.0 * a4 * t2);
}

double parametric_latitude(double lat) {
  return std::asin(std::clamp(root3 / 2.0 * std::sin(lat * radians), -1.0, 1.0));
}

double radian_width(double theta) { return 2.0 * root3 * std::cos(theta) / (3.0 * height_slope(theta)); }

}  // namespace

PlanePoint project(GeoPoint point) {
  const double theta = parametric_latitude(point.lat);
  return {point.lon * radians * radian_width(theta), height(theta)};
}

double latitude(double y) {
  double theta = y / a1;
  // Newton: the slope stays within 20 % of its value at 0, so ten steps are far more than the last bit needs.
  for (int step = 0; step < 10; ++step) theta -= (height(theta) - y) / height_slope(theta);
  return std::asin(std::clamp(2.0 / root3 * std::sin(theta), -1.0, 1.0)) / radians;
}

double degree_width(double lat) { return radians * radian_width(parametric_latitude(lat)); }

std::optional<GeoPoint> unproject(PlanePoint point) {
  if (!(std::abs(point.y) <= half_height)) return std::nullopt;
  const double lat = latitude(point.y);
  const double lon = point.x / degree_width(lat);
  if (!(std::abs(lon) <= 180.0)) return std::nullopt;
  return GeoPoint{lat, lon};
}

}  // namespace hens::equal_earth
