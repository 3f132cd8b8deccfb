// The maps' projection: Equal Earth (Savric, Patterson and Jenny, Int. J. Geogr. Inf. Sci. 33, 2019), equal-area, so
// that a storm looks as large as it is at any latitude, with straight parallels. Pure functions, on the unit sphere.
#pragma once

#include <optional>

namespace hens {

struct PlanePoint {
  double x = 0.0, y = 0.0;
};

struct GeoPoint {
  double lat = 0.0, lon = 0.0;  // degrees north, degrees east
};

namespace equal_earth {

inline constexpr double half_width = 2.7066299836960743;  // x of 180 degrees east on the equator
inline constexpr double half_height = 1.317362759157413;  // y of the north pole's line

// x eastward, y northward, from the point 0 N 0 E. Requires |lat| <= 90; x is linear in lon, without wrapping.
PlanePoint project(GeoPoint point);

// The parallel at height y, degrees north: it depends on y alone. Requires |y| <= half_height (1 + 1e-9).
double latitude(double y);

// Length of one degree of longitude on the parallel `lat`.
double degree_width(double lat);

// The point of the globe at (x, y); none outside the map's outline.
std::optional<GeoPoint> unproject(PlanePoint point);

}  // namespace equal_earth
}  // namespace hens
