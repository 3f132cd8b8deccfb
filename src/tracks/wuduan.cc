#include "tracks/wuduan.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tracks/peer_fields.h"
#include "tracks/peer_linking.h"
#include "tracks/pixels.h"

namespace hens {
namespace {

constexpr float least_vorticity = 1.4e-4F;  // s-1
constexpr size_t least_pixels = 18;
constexpr double most_elongated = 2.0, least_solid = 0.3, most_ragged = 4.0;

// One frame of the global grid of a quarter of a degree.
class WuDuanFrame {
 public:
  WuDuanFrame(const Frame& fields, const LatLonGrid& grid)
      : rows_(grid.nlat()),
        columns_(grid.nlon()),
        u_(fields[0]),
        v_(fields[1]),
        msl_(fields[2]),
        zeta_(peer_vorticity(fields[3], fields[4], grid)),
        kept_(zeta_.size()) {
    objects_ = connected_components(rows_, columns_,
                                    [&](int row, int column) { return zeta_[index(row, column)] > least_vorticity; });
    std::erase_if(objects_, [](const auto& object) { return object.size() < least_pixels; });
    for (const auto& object : objects_) {
      for (const Pixel& pixel : object) kept_[index(pixel.row, pixel.column)] = true;
    }
  }

  std::vector<Centre> centres() const {
    std::vector<Centre> centres;
    for (const auto& object : objects_) {
      const Box box = grown(bounding_box(object));
      Centre centre = centroid(object);
      if (!is_in_basin(centre) || !is_round(object, box) || !has_core(box)) continue;
      measure(box, centre);
      centres.push_back(centre);
    }
    return centres;
  }

 private:
  size_t index(int row, int column) const {
    return static_cast<size_t>(row) * static_cast<size_t>(columns_) + static_cast<size_t>(column);
  }

  Box grown(const Box& box) const {
    return {std::max(0, box.first_row - 1), std::min(rows_, box.last_row + 1), std::max(0, box.first_column - 1),
            std::min(columns_, box.last_column + 1)};
  }

  // Weighted by vorticity.
  Centre centroid(const std::vector<Pixel>& object) const {
    double weight = 0, row = 0, column = 0;
    for (const Pixel& pixel : object) {
      const double zeta = zeta_[index(pixel.row, pixel.column)];
      weight += zeta, row += zeta * pixel.row, column += zeta * pixel.column;
    }
    return {.lat = 90.0 - row / weight * 180.0 / (rows_ - 1), .lon = column / weight * 360.0 / columns_};
  }

  static bool is_in_basin(const Centre& centre) {
    if (std::abs(centre.lat) < 5.0) return false;
    const bool north = centre.lon > 20.0 && centre.lat > 5.0 && centre.lat < 50.0;
    const bool south = centre.lon < 200.0 && centre.lat > -40.0 && centre.lat < -5.0;
    return north || south;
  }

  // Pixels of any kept object in the box whose neighbours within the box are, too. What is outside of it counts as
  // inside.
  std::vector<Pixel> core(const Box& box) const {
    const auto inside = [&](int row, int column) {
      const bool outside_box =
          row < box.first_row || row >= box.last_row || column < box.first_column || column >= box.last_column;
      return outside_box || kept_[index(row, column)];
    };
    std::vector<Pixel> core;
    for (int row = box.first_row; row < box.last_row; ++row) {
      for (int column = box.first_column; column < box.last_column; ++column) {
        if (inside(row, column) && inside(row - 1, column) && inside(row + 1, column) && inside(row, column - 1) &&
            inside(row, column + 1)) {
          core.push_back({row, column});
        }
      }
    }
    return core;
  }

  bool is_round(const std::vector<Pixel>& object, const Box& box) const {
    const Axes axes = ellipse_axes(object);
    if (!(axes.minor > 0) || axes.major / axes.minor > most_elongated) return false;
    const std::vector<Pixel> inner = core(box);
    if (inner.size() <= 1) return false;
    const auto solidity = [](const std::vector<Pixel>& pixels) {
      return static_cast<double>(pixels.size()) / static_cast<double>(convex_hull_pixels(pixels));
    };
    const double solid = solidity(object);
    return solidity(inner) >= least_solid && solid >= least_solid && axes.major / axes.minor / solid <= most_ragged;
  }

  // Whether the vorticity in the core is larger than at its edge, on average.
  bool has_core(const Box& box) const {
    double all = 0, inner = 0;
    int64_t pixels = 0;
    for (int row = box.first_row; row < box.last_row; ++row) {
      for (int column = box.first_column; column < box.last_column; ++column) {
        if (!kept_[index(row, column)]) continue;
        all += zeta_[index(row, column)];
        ++pixels;
      }
    }
    const std::vector<Pixel> core_pixels = core(box);
    for (const Pixel& pixel : core_pixels) inner += zeta_[index(pixel.row, pixel.column)];
    const auto n = static_cast<double>(core_pixels.size());
    return inner / n > (all - inner) / (static_cast<double>(pixels) - n);
  }

  void measure(const Box& box, Centre& centre) const {
    float lowest = msl_[index(box.first_row, box.first_column)], strongest = 0;
    for (int row = box.first_row; row < box.last_row; ++row) {
      for (int column = box.first_column; column < box.last_column; ++column) {
        const size_t at = index(row, column);
        lowest = std::min(lowest, msl_[at]);
        strongest = std::max(strongest, std::sqrt(u_[at] * u_[at] + v_[at] * v_[at]));
      }
    }
    centre.msl = lowest, centre.wind = strongest;
  }

  int rows_, columns_;
  std::span<const float> u_, v_, msl_;
  std::vector<float> zeta_;
  std::vector<bool> kept_;  // in an object that is large enough
  std::vector<std::vector<Pixel>> objects_;
};

class WuDuan final : public Tracker {
 public:
  WuDuan(const TracksSpec& spec, const LatLonGrid& grid) : Tracker(track_variables(spec)), spec_(spec), grid_(grid) {}
  std::vector<Centre> centres(const Frame& frame) const override { return WuDuanFrame(frame, grid_).centres(); }
  std::vector<Track> link(const std::vector<std::vector<Centre>>& frames) const override {
    return link_as_peer(frames, spec_.search_distance, spec_.window);
  }

 private:
  TracksSpec spec_;
  LatLonGrid grid_;
};

}  // namespace

std::unique_ptr<Tracker> make_wuduan(const TracksSpec& spec, const LatLonGrid& grid) {
  if (grid.nlat() != 721 || grid.nlon() != 1440) {
    fail(ExitCode::bad_spec,
         "tracks '{}': tracker wuduan knows the grid of 721x1440 alone, and the model's is {}x{}: "
         "expected tracker: hens",
         spec.name, grid.nlat(), grid.nlon());
  }
  return std::make_unique<WuDuan>(spec, grid);
}

}  // namespace hens
