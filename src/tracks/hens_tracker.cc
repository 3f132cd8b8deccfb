#include "tracks/hens_tracker.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tracks/closed_contour.h"
#include "tracks/linking.h"

namespace hens {
namespace {

constexpr double wind_distance = 2.0;  // degrees
constexpr double gravity = 9.80665;    // m s-2

double cosine_of(double degrees) { return std::cos(degrees * std::numbers::pi / 180.0); }

// Of the spec, as cosines.
struct Angles {
  double pressure, warm_core, offset, merge, wind;
};

struct Minimum {
  int row = 0, column = 0;
  float msl = 0;
};

// One frame.
class HensFrame {
 public:
  HensFrame(const Frame& fields, const SphereGrid& grid, const TracksSpec& spec, const Angles& angles)
      : grid_(grid),
        spec_(spec),
        angles_(angles),
        u_(fields[0]),
        v_(fields[1]),
        msl_(fields[2]),
        upper_(fields[3]),
        lower_(fields.size() > 4 ? fields[4] : std::span<const float>()),
        search_(grid) {}

  std::vector<Centre> centres(std::span<const float> orography) {
    std::vector<Centre> centres;
    for (const Minimum& minimum : merged(minima())) {
      if (!has_closed_pressure(minimum) || !has_warm_core(minimum)) continue;
      Centre& centre = centres.emplace_back();
      centre.lat = grid_.lat(minimum.row), centre.lon = grid_.lon(minimum.column);
      centre.msl = minimum.msl;
      centre.wind = strongest_wind(minimum);
      if (!orography.empty()) centre.elevation = orography[grid_.index(minimum.row, minimum.column)] / gravity;
    }
    return centres;
  }

 private:
  // Whether (row, column) is not lower than (other_row, other_column), its neighbour: of equals the one nearer the
  // equator counts as lower, on one row the western one. So a flat ring around the globe has no minimum.
  bool yields_to(int row, int column, int other_row, int other_column, bool other_is_west) const {
    const float here = msl_[grid_.index(row, column)], there = msl_[grid_.index(other_row, other_column)];
    if (there != here) return there < here;
    const double lat = std::abs(grid_.lat(row)), other_lat = std::abs(grid_.lat(other_row));
    return other_lat != lat ? other_lat < lat : other_is_west;
  }

  bool is_minimum(int row, int column) const {
    const int west = grid_.wrapped(column - 1), east = grid_.wrapped(column + 1);
    if (yields_to(row, column, row, west, true) || yields_to(row, column, row, east, false)) return false;
    for (const int other : {row - 1, row + 1}) {
      if (other < 0 || other >= grid_.rows()) continue;
      if (yields_to(row, column, other, column, false) || yields_to(row, column, other, west, true) ||
          yields_to(row, column, other, east, false)) {
        return false;
      }
    }
    return true;
  }

  std::vector<Minimum> minima() const {
    std::vector<Minimum> minima;
    for (int row = 0; row < grid_.rows(); ++row) {
      for (int column = 0; column < grid_.columns(); ++column) {
        if (is_minimum(row, column)) minima.push_back({row, column, msl_[grid_.index(row, column)]});
      }
    }
    return minima;
  }

  // Whether `a` takes the place of `b` where both are one cyclone; as in yields_to.
  bool precedes(const Minimum& a, const Minimum& b) const {
    if (a.msl != b.msl) return a.msl < b.msl;
    const double lat_a = std::abs(grid_.lat(a.row)), lat_b = std::abs(grid_.lat(b.row));
    if (lat_a != lat_b) return lat_a < lat_b;
    const int eastward = grid_.wrapped(b.column - a.column);
    return eastward != 0 && 2 * eastward < grid_.columns();
  }

  // Without those that have a deeper one within the merge distance, whatever becomes of that. `all` is by rows.
  std::vector<Minimum> merged(const std::vector<Minimum>& all) const {
    std::vector<Minimum> kept;
    size_t first = 0;
    for (const Minimum& one : all) {
      const auto far_row = [&](int row) { return grid_.cosine(one.row, 0, row, 0) < angles_.merge; };
      while (far_row(all[first].row)) ++first;  // ends at `one` itself
      bool alone = true;
      for (size_t k = first; alone && k < all.size() && !(all[k].row > one.row && far_row(all[k].row)); ++k) {
        const bool near = grid_.cosine(one.row, one.column, all[k].row, all[k].column) >= angles_.merge;
        alone = !near || !precedes(all[k], one);
      }
      if (alone) kept.push_back(one);
    }
    return kept;
  }

  bool has_closed_pressure(const Minimum& at) {
    return search_.is_closed(at.row, at.column, static_cast<float>(spec_.pressure_rise), angles_.pressure,
                             [&](size_t k) { return msl_[k]; });
  }

  // Least where the air aloft is warmest: the layer's thickness, or a temperature, the other way around.
  float coldness(size_t k) const { return lower_.empty() ? -upper_[k] : lower_[k] - upper_[k]; }

  bool has_warm_core(const Minimum& at) {
    int row = at.row, column = at.column;
    float least = coldness(grid_.index(row, column));
    grid_.for_each_within(at.row, at.column, angles_.offset, [&](int r, int c) {
      if (const float there = coldness(grid_.index(r, c)); there < least) least = there, row = r, column = c;
    });
    return search_.is_closed(row, column, static_cast<float>(spec_.warm_core_drop), angles_.warm_core,
                             [&](size_t k) { return coldness(k); });
  }

  double strongest_wind(const Minimum& at) const {
    float strongest = 0;
    grid_.for_each_within(at.row, at.column, angles_.wind, [&](int row, int column) {
      const size_t k = grid_.index(row, column);
      strongest = std::max(strongest, u_[k] * u_[k] + v_[k] * v_[k]);
    });
    return std::sqrt(strongest);
  }

  const SphereGrid& grid_;
  const TracksSpec& spec_;
  const Angles& angles_;
  std::span<const float> u_, v_, msl_, upper_, lower_;  // upper_ alone is a temperature
  ContourSearch search_;
};

class HensTracker final : public Tracker {
 public:
  HensTracker(const TracksSpec& spec, const LatLonGrid& grid, Duration step, std::vector<float> orography)
      : Tracker(track_variables(spec)),
        spec_(spec),
        grid_(grid),
        orography_(std::move(orography)),
        angles_{cosine_of(spec.pressure_distance), cosine_of(spec.warm_core_distance), cosine_of(spec.warm_core_offset),
                cosine_of(spec.merge_distance), cosine_of(wind_distance)},
        step_(step) {}

  std::vector<Centre> centres(const Frame& frame) const override {
    return HensFrame(frame, grid_, spec_, angles_).centres(orography_);
  }

  std::vector<Track> link(const std::vector<std::vector<Centre>>& frames) const override {
    std::vector<Track> tracks = link_on_sphere(frames, spec_.range, static_cast<int>(spec_.max_gap / step_));
    std::erase_if(tracks, [&](const Track& track) { return !is_cyclone(track); });
    return tracks;
  }

 private:
  bool is_cyclone(const Track& track) const {
    if ((track.back().step - track.front().step) * step_ < spec_.min_duration) return false;
    const auto holds_often = [&](const auto& criterion) {
      return std::ranges::count_if(track, [&](const TrackPoint& point) { return criterion(point.centre); }) >=
             spec_.min_points;
    };
    return holds_often([&](const Centre& centre) { return centre.wind >= spec_.wind; }) &&
           holds_often([&](const Centre& centre) { return std::abs(centre.lat) <= spec_.max_latitude; }) &&
           holds_often([&](const Centre& centre) { return !(centre.elevation > spec_.max_elevation); });
  }

  TracksSpec spec_;
  SphereGrid grid_;
  std::vector<float> orography_;
  Angles angles_;
  Duration step_;
};

}  // namespace

std::unique_ptr<Tracker> make_hens_tracker(const TracksSpec& spec, const LatLonGrid& grid, Duration step,
                                           std::vector<float> orography) {
  return std::make_unique<HensTracker>(spec, grid, step, std::move(orography));
}

}  // namespace hens
