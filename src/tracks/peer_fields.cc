#include "tracks/peer_fields.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hens {

std::vector<float> peer_vorticity(std::span<const float> u, std::span<const float> v, const LatLonGrid& grid) {
  constexpr float spacing = 25'000.0F;  // m
  const size_t rows = grid.lat.size(), columns = grid.lon.size();
  std::vector<float> zeta(rows * columns);
  for (size_t i = 0; i < rows; ++i) {
    const size_t north = i == 0 ? 0 : i - 1, south = std::min(i + 1, rows - 1);
    const float *above = &u[north * columns], *below = &u[south * columns], *row = &v[i * columns];
    const float across = static_cast<float>(south - north) * spacing;
    const float sign = grid.lat[i] < 0 ? -1.0F : 1.0F;
    float* out = &zeta[i * columns];
    for (size_t j = 1; j + 1 < columns; ++j) {
      out[j] = sign * ((row[j + 1] - row[j - 1]) / (2 * spacing) + (below[j] - above[j]) / across);
    }
    for (const size_t j : {size_t{0}, columns - 1}) {
      const size_t west = j == 0 ? 0 : j - 1, east = std::min(j + 1, columns - 1);
      out[j] = sign * ((row[east] - row[west]) / spacing + (below[j] - above[j]) / across);
    }
  }
  return zeta;
}

double peer_distance_km(double lat1, double lon1, double lat2, double lon2) {
  constexpr double radians = std::numbers::pi / 180.0;
  const double a = std::sin((lat2 - lat1) * radians / 2), b = std::sin((lon2 - lon1) * radians / 2);
  const double h = a * a + std::cos(lat1 * radians) * std::cos(lat2 * radians) * b * b;
  return 2 * peer_radius_km * std::asin(std::min(1.0, std::sqrt(h)));
}

}  // namespace hens
