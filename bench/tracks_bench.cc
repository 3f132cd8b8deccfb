// What a frame of 721 x 1440 costs each tracker on one thread: idealised cyclones on a rough background, as a model's
// fields have it.
//
//   tracks_bench [FRAMES]
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <random>

#include <fmt/format.h>

#include "base/stopwatch.h"
#include "tracks/sphere_grid.h"
#include "tracks/tracker.h"

namespace {

using namespace hens;

// Waves of all lengths, with noise of `noise` at each point, and some cyclones of depth `depth`.
std::vector<float> field(const LatLonGrid& grid, double mean, double wave, double noise, double depth, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<float> values(grid.points());
  for (size_t i = 0; i < grid.lat.size(); ++i) {
    for (size_t j = 0; j < grid.lon.size(); ++j) {
      const double lat = grid.lat[i] / 57.3, lon = grid.lon[j] / 57.3;
      const double waves = std::sin(3 * lon + 5 * lat) + 0.5 * std::sin(11 * lon) * std::cos(7 * lat);
      values[i * grid.lon.size() + j] =
          static_cast<float>(mean + wave * waves * std::cos(lat) + noise * normal(engine));
    }
  }
  for (int storm = 0; storm < 10; ++storm) {
    const double lat = 12.0 + storm, lon = 36.0 * storm;
    for (size_t i = 200; i < 361; ++i) {
      for (size_t j = 0; j < grid.lon.size(); ++j) {
        const double angle = great_circle_degrees(lat, lon, grid.lat[i], grid.lon[j]);
        values[i * grid.lon.size() + j] += static_cast<float>(depth * std::exp(-angle * angle / 4.0));
      }
    }
  }
  return values;
}

std::vector<std::vector<float>> fields_of(const TracksSpec& spec, const LatLonGrid& grid) {
  std::vector<std::vector<float>> fields;
  uint64_t seed = 0;
  for (const std::string& name : track_variables(spec)) {
    ++seed;
    const char kind = name.front();
    fields.push_back(kind == 'm'   ? field(grid, 101'000, 1500, 3, -4000, seed)
                     : kind == 'z' ? field(grid, 50'000, 1500, 3, name == "z300" || name == "z200" ? 900 : -900, seed)
                     : kind == 't' ? field(grid, 250, 10, 0.05, 5, seed)
                                   : field(grid, 0, 12, 0.3, 0, seed));
  }
  return fields;
}

}  // namespace

int main(int count, char** arguments) {
  const int frames = count > 1 ? std::atoi(arguments[1]) : 10;
  const LatLonGrid grid = equiangular_grid(721, 1440);
  for (const auto& [name, kind] :
       {std::pair{"hens", TrackerKind::hens}, {"wuduan", TrackerKind::wuduan}, {"vitart", TrackerKind::vitart}}) {
    TracksSpec spec;
    spec.tracker = kind;
    const auto fields = fields_of(spec, grid);
    const Frame frame{fields.begin(), fields.end()};
    const auto tracker = make_tracker(spec, grid, model_step);
    size_t centres = tracker->centres(frame).size();
    const Stopwatch watch;
    for (int k = 0; k < frames; ++k) centres = tracker->centres(frame).size();
    std::cout << fmt::format("{:8} {:7.2f} ms a frame, {} centres\n", name, watch.seconds() / frames * 1e3, centres);
  }
}
