#include "tracks/peer_linking.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "tracks/peer_fields.h"

namespace hens {
namespace {

using Path = std::vector<std::optional<Centre>>;  // [time]

struct Nearest {
  size_t path = 0;
  int frames_back = 0;
  double distance = std::numeric_limits<double>::infinity();  // km, on the plane
};

double plane_distance(const Centre& a, const Centre& b) {
  constexpr double km_a_degree = peer_radius_km * std::numbers::pi / 180.0;
  return std::hypot((a.lon - b.lon) * km_a_degree, (a.lat - b.lat) * km_a_degree);
}

Nearest nearest_point(const std::vector<Path>& paths, const Centre& centre, int window) {
  Nearest nearest;
  const int times = static_cast<int>(paths.front().size());
  for (int back = 1; back <= std::min(window, times); ++back) {
    for (size_t k = 0; k < paths.size(); ++k) {
      const auto& point = paths[k][static_cast<size_t>(times - back)];
      if (!point) continue;
      const double distance = plane_distance(*point, centre);
      if (distance < nearest.distance) nearest = {k, back, distance};
    }
  }
  return nearest;
}

// Adds a frame to paths that have begun.
void extend(std::vector<Path>& paths, const std::vector<Centre>& centres, double search_distance, int window) {
  std::vector<std::optional<Centre>> joined(paths.size());
  std::optional<Centre> unmatched;
  for (const Centre& centre : centres) {
    const Nearest nearest = nearest_point(paths, centre, window);
    if (nearest.distance < nearest.frames_back * search_distance) {
      joined[nearest.path] = centre;
    } else {
      unmatched = centre;  // of several the last
    }
  }
  const size_t times = paths.front().size();
  for (size_t k = 0; k < paths.size(); ++k) paths[k].push_back(joined[k]);
  if (!unmatched) return;
  paths.emplace_back(times);
  paths.back().push_back(unmatched);
}

}  // namespace

std::vector<Track> link_as_peer(const std::vector<std::vector<Centre>>& frames, double distance, int window) {
  std::vector<Path> paths;
  for (size_t time = 0; time < frames.size(); ++time) {
    if (!paths.empty()) {
      extend(paths, frames[time], distance, window);
      continue;
    }
    for (const Centre& centre : frames[time]) {
      paths.emplace_back(time);
      paths.back().push_back(centre);
    }
  }
  std::vector<Track> tracks;
  for (const Path& path : paths) {
    Track& track = tracks.emplace_back();
    for (size_t time = 0; time < path.size(); ++time) {
      if (path[time]) track.push_back({static_cast<int>(time), *path[time]});
    }
  }
  return tracks;
}

}  // namespace hens
