#include "tracks/vitart.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "tracks/peaks.h"
#include "tracks/peer_fields.h"
#include "tracks/peer_linking.h"

namespace hens {
namespace {

constexpr double most_latitude = 60.0;                                                     // degrees
constexpr float least_vorticity = 3.5e-5F;                                                 // s-1
constexpr float most_pressure = 99'000.0F;                                                 // Pa
constexpr float temperature_drop = 0.5F;                                                   // K
constexpr double vorticity_distance = 200.0, core_distance = 50.0, drop_distance = 200.0;  // km
constexpr int apart = 10;                                                                  // pixels between peaks

// The rows within 60 degrees of one frame.
class VitartFrame {
 public:
  VitartFrame(const Frame& fields, const LatLonGrid& grid) : columns_(grid.nlon()), lon_(grid.lon) {
    const auto within = [](double lat) { return std::abs(lat) < most_latitude; };
    const auto first = std::ranges::find_if(grid.lat, within);
    const auto last = std::find_if_not(first, grid.lat.end(), within);
    lat_.assign(first, last);
    rows_ = static_cast<int>(lat_.size());
    const auto skipped = static_cast<size_t>(first - grid.lat.begin()) * grid.lon.size();
    const auto cut = [&](std::span<const float> field) { return field.subspan(skipped, lat_.size() * lon_.size()); };
    u_ = cut(fields[0]), v_ = cut(fields[1]), msl_ = cut(fields[2]);
    const std::vector<float> zeta = peer_vorticity(fields[3], fields[4], grid);
    zeta_.assign(zeta.begin() + static_cast<std::ptrdiff_t>(skipped),
                 zeta.begin() + static_cast<std::ptrdiff_t>(skipped + msl_.size()));
    const auto z850 = cut(fields[5]), z200 = cut(fields[6]);
    thickness_.resize(msl_.size()), temperature_.resize(msl_.size());
    for (size_t k = 0; k < msl_.size(); ++k) thickness_[k] = z200[k] - z850[k];
    for (size_t level = 7; level < 12; ++level) {
      const auto t = cut(fields[level]);
      for (size_t k = 0; k < t.size(); ++k) temperature_[k] += t[k];
    }
    for (float& t : temperature_) t /= 5.0F;
  }

  std::vector<Centre> centres() const {
    std::vector<float> negative(msl_.size());
    std::ranges::transform(msl_, negative.begin(), [](float p) { return -p; });
    const auto lowest = [](const std::vector<float>& field) { return *std::ranges::min_element(field); };
    const std::vector<Pixel> minima = find_peaks(negative, rows_, columns_, apart, -most_pressure);
    if (minima.empty()) return {};
    const std::vector<Pixel> spins = find_peaks(zeta_, rows_, columns_, apart, least_vorticity);
    const std::vector<Pixel> warm = find_peaks(temperature_, rows_, columns_, apart, lowest(temperature_));
    const std::vector<Pixel> thick = find_peaks(thickness_, rows_, columns_, 1, lowest(thickness_));
    std::vector<Centre> centres;
    for (const Pixel& minimum : minima) {
      if (!nearest(spins, minimum, vorticity_distance)) continue;
      const auto core = nearest(warm, minimum, core_distance);
      if (!core || !falls_off(*core) || !nearest(thick, minimum, core_distance)) continue;
      centres.push_back({.lat = lat_[static_cast<size_t>(minimum.row)],
                         .lon = lon_[static_cast<size_t>(minimum.column)],
                         .msl = msl_[index(core->row, core->column)],  // not the minimum's: that is how the peer is
                         .wind = strongest_wind(minimum)});
    }
    return centres;
  }

 private:
  size_t index(int row, int column) const {
    return static_cast<size_t>(row) * static_cast<size_t>(columns_) + static_cast<size_t>(column);
  }

  double distance(const Pixel& a, const Pixel& b) const {
    return peer_distance_km(lat_[static_cast<size_t>(a.row)], lon_[static_cast<size_t>(a.column)],
                            lat_[static_cast<size_t>(b.row)], lon_[static_cast<size_t>(b.column)]);
  }

  std::optional<Pixel> nearest(const std::vector<Pixel>& peaks, const Pixel& to, double within) const {
    std::optional<Pixel> found;
    double least = std::numeric_limits<double>::infinity();
    for (const Pixel& peak : peaks) {
      constexpr double km_a_degree = 111.0;  // a little less than it is
      const double lats = lat_[static_cast<size_t>(peak.row)] - lat_[static_cast<size_t>(to.row)];
      if (std::abs(lats) * km_a_degree > within) continue;
      if (const double d = distance(peak, to); d < least) found = peak, least = d;
    }
    return least <= within ? found : std::nullopt;
  }

  // Whether the temperature falls off within 200 km to each side along the peak's row and column.
  bool falls_off(const Pixel& peak) const {
    const auto falls = [&](int row_step, int column_step) {
      const float warm = temperature_[index(peak.row, peak.column)];
      for (Pixel at = peak; at.row >= 0 && at.row < rows_ && at.column >= 0 && at.column < columns_;
           at.row += row_step, at.column += column_step) {
        if (!(distance(at, peak) < drop_distance)) return false;
        if (warm - temperature_[index(at.row, at.column)] > temperature_drop) return true;
      }
      return false;
    };
    return falls(0, 1) && falls(0, -1) && falls(-1, 0) && falls(1, 0);
  }

  // The square is not centred on the minimum: that is how the peer cuts it.
  double strongest_wind(const Pixel& at) const {
    float strongest = 0;
    for (int row = std::max(0, at.row - apart); row < std::min(rows_, at.row + apart); ++row) {
      for (int column = std::max(0, at.column - apart); column < std::min(columns_, at.column + apart); ++column) {
        const size_t k = index(row, column);
        strongest = std::max(strongest, std::sqrt(u_[k] * u_[k] + v_[k] * v_[k]));
      }
    }
    return strongest;
  }

  int rows_ = 0, columns_ = 0;
  std::vector<double> lat_, lon_;
  std::span<const float> u_, v_, msl_;
  std::vector<float> zeta_, temperature_, thickness_;
};

class Vitart final : public Tracker {
 public:
  Vitart(const TracksSpec& spec, const LatLonGrid& grid) : Tracker(track_variables(spec)), spec_(spec), grid_(grid) {}
  std::vector<Centre> centres(const Frame& frame) const override { return VitartFrame(frame, grid_).centres(); }
  std::vector<Track> link(const std::vector<std::vector<Centre>>& frames) const override {
    return link_as_peer(frames, spec_.search_distance, spec_.window);
  }

 private:
  TracksSpec spec_;
  LatLonGrid grid_;
};

}  // namespace

std::unique_ptr<Tracker> make_vitart(const TracksSpec& spec, const LatLonGrid& grid) {
  return std::make_unique<Vitart>(spec, grid);
}

}  // namespace hens
