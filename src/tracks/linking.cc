#include "tracks/linking.h"

#include <algorithm>
#include <tuple>

#include "tracks/sphere_grid.h"

namespace hens {
namespace {

struct Pair {
  double distance = 0;  // degrees
  size_t track = 0, centre = 0;
};

std::vector<Pair> possible_pairs(const std::vector<Track>& tracks, int step, const std::vector<Centre>& centres,
                                 double range, int frames_back) {
  std::vector<Pair> pairs;
  for (size_t t = 0; t < tracks.size(); ++t) {
    const TrackPoint& last = tracks[t].back();
    if (step - last.step > frames_back) continue;
    for (size_t c = 0; c < centres.size(); ++c) {
      const double distance = great_circle_degrees(last.centre.lat, last.centre.lon, centres[c].lat, centres[c].lon);
      if (distance <= range) pairs.push_back({distance, t, c});
    }
  }
  std::ranges::sort(pairs, [](const Pair& a, const Pair& b) {
    return std::tie(a.distance, a.track, a.centre) < std::tie(b.distance, b.track, b.centre);
  });
  return pairs;
}

}  // namespace

std::vector<Track> link_on_sphere(const std::vector<std::vector<Centre>>& frames, double range, int frames_back) {
  std::vector<Track> tracks;
  for (int step = 0; step < static_cast<int>(frames.size()); ++step) {
    const std::vector<Centre>& centres = frames[static_cast<size_t>(step)];
    std::vector<bool> taken(centres.size());
    for (const Pair& pair : possible_pairs(tracks, step, centres, range, frames_back)) {
      if (taken[pair.centre] || tracks[pair.track].back().step == step) continue;
      tracks[pair.track].push_back({step, centres[pair.centre]});
      taken[pair.centre] = true;
    }
    for (size_t c = 0; c < centres.size(); ++c) {
      if (!taken[c]) tracks.push_back({{step, centres[c]}});
    }
  }
  return tracks;
}

}  // namespace hens
