// Fields and distances as Earth2Studio's trackers make them. Pure.
#pragma once

#include <span>
#include <vector>

#include "grid/lat_lon_grid.h"

namespace hens {

inline constexpr double peer_radius_km = 6371.0;

// Relative vorticity [s-1] as if a grid cell were 25 km by 25 km everywhere and the field had no neighbour beyond
// longitude 0 / 360; rows south of the equator with the other sign, so that cyclones are positive. float32 throughout.
std::vector<float> peer_vorticity(std::span<const float> u, std::span<const float> v, const LatLonGrid& grid);

double peer_distance_km(double lat1, double lon1, double lat2, double lon2);  // great circle; degrees

}  // namespace hens
