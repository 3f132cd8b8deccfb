#include "synth/synth_planet.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "synth/synth_weights.h"

namespace hens {
namespace {

constexpr int waves = 11;
constexpr uint64_t planet_key = 0x5f3d;  // of those tried, one with land in both hemispheres, a third of the whole

struct Wave {
  double zonal, zonal_phase, meridional, meridional_phase;  // wave k: amplitude falls as 1 / k
};

std::vector<Wave> make_waves() {
  std::vector<Wave> all;
  for (int k = 1; k <= waves; ++k) {
    const auto draw = [&](int which) {
      return static_cast<double>(bell(planet_key, static_cast<uint64_t>(4 * k + which)));
    };
    all.push_back({draw(0) / k, draw(1) * std::numbers::pi, draw(2) / k, draw(3) * std::numbers::pi});
  }
  return all;
}

// Heights of any unit, [lat, lon].
std::vector<double> make_hills(const LatLonGrid& grid) {
  const std::vector<Wave> all = make_waves();
  constexpr double radians = std::numbers::pi / 180.0;
  std::vector<double> hills;
  hills.reserve(grid.points());
  for (const double lat : grid.lat) {
    for (const double lon : grid.lon) {
      double height = 0.0, taper = 1.0;  // taper = cos(lat)^k: no structure in longitude at the poles
      for (int k = 1; k <= waves; ++k) {
        const Wave& wave = all[k - 1];
        taper *= std::cos(lat * radians);
        height += wave.zonal * taper * std::cos(k * lon * radians + wave.zonal_phase);
        height += wave.meridional * std::sin(k * lat * radians + wave.meridional_phase);
      }
      hills.push_back(height);
    }
  }
  return hills;
}

void standardise(std::vector<double>& values) {
  double sum = 0.0, squares = 0.0;
  for (const double v : values) sum += v;
  const double mean = sum / static_cast<double>(values.size());
  for (const double v : values) squares += (v - mean) * (v - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(values.size()));
  for (double& v : values) v = (v - mean) / deviation;
}

// Rounded to multiples of 1 / steps, so that the last bit of a machine's sine does not show.
float rounded(double value, double steps) { return static_cast<float>(std::nearbyint(value * steps) / steps); }

}  // namespace

Planet make_planet(const LatLonGrid& grid) {
  std::vector<double> hills = make_hills(grid);
  standardise(hills);
  Planet planet;
  for (const double height : hills) {
    planet.orography.push_back(rounded(std::max(height - 0.5, 0.0) * 9.80665 * 900.0, 4.0));
    planet.land_mask.push_back(rounded(std::clamp((height - 0.4) / 0.2, 0.0, 1.0), 1024.0));
  }
  return planet;
}

}  // namespace hens
