#include "tracks/strike.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/netcdf_output.h"
#include "tracks/sphere_grid.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;
using Vector = std::array<double, 3>;

constexpr double radians = std::numbers::pi / 180.0;

Vector direction(double lat, double lon) {
  const double cos_lat = std::cos(lat * radians);
  return {cos_lat * std::cos(lon * radians), cos_lat * std::sin(lon * radians), std::sin(lat * radians)};
}

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

// The part of a great circle from one point to another, less than half of it.
class Way {
 public:
  Way(const Vector& from, const Vector& to) : from_(from), to_(to), pole_(cross(from, to)) {
    length_ = std::sqrt(dot(pole_, pole_));
  }

  // Whether `at` is within the angle of this cosine and sine.
  bool is_near(const Vector& at, double cosine, double sine) const {
    if (dot(at, from_) >= cosine || dot(at, to_) >= cosine) return true;
    if (!(length_ > 1e-12) || std::abs(dot(at, pole_)) > sine * length_) return false;
    return dot(cross(pole_, from_), at) > 0 && dot(cross(to_, pole_), at) > 0;  // beside the way, not beyond its ends
  }

 private:
  Vector from_, to_, pole_;
  double length_;
};

}  // namespace

StrikeCounter::StrikeCounter(const LatLonGrid& grid, double radius_km)
    : grid_(grid),
      radius_(radius_km / earth_radius_km),
      strikes_(grid.points()),
      births_(grid.points()),
      last_(grid.points()) {}

void StrikeCounter::clear() {
  members_ = 0;
  for (auto* counts : {&strikes_, &births_, &last_}) std::ranges::fill(*counts, 0);
}

void StrikeCounter::add(const std::vector<Track>& member) {
  ++members_;
  const double row_spacing = grid_.lat[0] - grid_.lat[1], column_spacing = grid_.lon[1] - grid_.lon[0];
  for (const Track& track : member) {
    for (size_t k = 0; k < track.size(); ++k) strike(track[k == 0 ? 0 : k - 1].centre, track[k].centre);
    if (track.front().step == 0) continue;
    const Centre& born = track.front().centre;
    const auto row = static_cast<size_t>(
        std::clamp<long>(std::lround((grid_.lat[0] - born.lat) / row_spacing), 0, grid_.nlat() - 1));
    const auto column = static_cast<size_t>(std::lround(born.lon / column_spacing)) % grid_.lon.size();
    ++births_[row * grid_.lon.size() + column];
  }
}

void StrikeCounter::strike(const Centre& from, const Centre& to) {
  const Vector a = direction(from.lat, from.lon), b = direction(to.lat, to.lon);
  const Way way(a, b);
  // All of it lies in a cap around its middle.
  const Vector sum{a[0] + b[0], a[1] + b[1], a[2] + b[2]};
  const double middle_lat = std::atan2(sum[2], std::hypot(sum[0], sum[1])) / radians;
  const double middle_lon = std::atan2(sum[1], sum[0]) / radians;
  const double reach = std::acos(std::clamp(dot(a, b), -1.0, 1.0)) / 2 + radius_ + 1e-9;
  const double cosine = std::cos(radius_), sine = std::sin(radius_);
  const auto columns = static_cast<long>(grid_.lon.size());
  const double spacing = 360.0 / static_cast<double>(columns);
  for (size_t row = 0; row < grid_.lat.size(); ++row) {
    const double lat = grid_.lat[row] * radians, middle = middle_lat * radians;
    if (std::abs(lat - middle) > reach) continue;
    const double across = (std::cos(reach) - std::sin(lat) * std::sin(middle)) / (std::cos(lat) * std::cos(middle));
    const double half = across <= -1.0 || !std::isfinite(across) ? 180.0
                        : across >= 1.0                          ? 0.0
                                                                 : std::acos(across) / radians;
    const auto first = static_cast<long>(std::floor((middle_lon - half) / spacing));
    const long last = std::min(static_cast<long>(std::ceil((middle_lon + half) / spacing)), first + columns - 1);
    for (long column = first; column <= last; ++column) {
      const size_t point = row * grid_.lon.size() + static_cast<size_t>((column % columns + columns) % columns);
      if (last_[point] == members_) continue;
      if (!way.is_near(direction(grid_.lat[row], spacing * static_cast<double>(column)), cosine, sine)) continue;
      last_[point] = members_;
      ++strikes_[point];
    }
  }
}

namespace {

Json probability_attributes(const std::string& of, double radius) {
  return {{"long_name",
           fmt::format("share of {} of which a tropical cyclone comes within {:g} km in the forecast", of, radius)},
          {"units", "1"}};
}

Json genesis_attributes(const std::string& of) {
  return {{"long_name", "tropical cyclones of " + of + " that are born at the nearest grid point in the forecast"},
          {"units", "1"}};
}

enum FieldAt { probability, probability_all, genesis, genesis_all };

NetcdfLayout map_layout(const TrackLayout& layout, const std::vector<std::vector<int32_t>>& members) {
  StoreLayout store;
  store.domain.grid = layout.grid, store.times = layout.times;
  NetcdfLayout map;
  std::vector<int32_t> models, counts;
  for (const auto& of_model : members) {
    models.push_back(static_cast<int32_t>(models.size()));
    counts.insert(counts.end(), of_model.begin(), of_model.end());
  }
  map.coordinates.push_back({"model", {"model"}, {models.size()}, models, {{"long_name", "model, from 0"}}});
  for (const Coordinate& one : coordinates(store)) {
    if (one.name == "time" || one.name == "lat" || one.name == "lon") map.coordinates.push_back(one);
  }
  map.coordinates.push_back({"members",
                             {"model", "time"},
                             {models.size(), layout.times.size()},
                             counts,
                             {{"long_name", "members that are counted"}, {"units", "1"}}});
  const std::vector<std::string> all{"time", "lat", "lon"}, each{"model", "time", "lat", "lon"};
  const std::vector<size_t> all_shape{layout.times.size(), layout.grid.lat.size(), layout.grid.lon.size()};
  std::vector<size_t> each_shape = all_shape;
  each_shape.insert(each_shape.begin(), models.size());
  const double radius = layout.strike_radius;
  map.fields = {{.name = "strike_probability",
                 .dimensions = each,
                 .shape = each_shape,
                 .attributes = probability_attributes("the model's members", radius)},
                {.name = "strike_probability_all",
                 .dimensions = all,
                 .shape = all_shape,
                 .attributes = probability_attributes("all models' members", radius)},
                {.name = "genesis_count",
                 .dimensions = each,
                 .shape = each_shape,
                 .integers = true,
                 .attributes = genesis_attributes("the model's members")},
                {.name = "genesis_count_all",
                 .dimensions = all,
                 .shape = all_shape,
                 .integers = true,
                 .attributes = genesis_attributes("all models' members")}};
  map.attributes = {{"Conventions", "CF-1.11"},
                    {"title", layout.title},
                    {"models", fmt::format("{}", fmt::join(layout.model_names, " "))}};
  map.deflate = true;
  return map;
}

class StrikeMap final : public TrackProduct {
 public:
  StrikeMap(const fs::path& root, fs::path path, const TrackLayout& layout,
            const std::vector<std::vector<int32_t>>& members)
      : root_(root),
        path_(std::move(path)),
        output_(root / path_, map_layout(layout, members)),
        one_(layout.grid, layout.strike_radius),
        strikes_(layout.grid.points()),
        births_(layout.grid.points()) {}

  void add(const MemberTracks& from) override {
    if (from.time != time_ || from.model != model_) end_model();
    if (from.time != time_) end_time();
    time_ = from.time, model_ = from.model;
    one_.add(from.tracks);
  }

  StoredFile finish() override {
    end_model();
    end_time();
    ProductFile file(root_, path_);
    output_.close([&](std::span<const std::byte> piece) { file.write(piece); });
    return file.publish();
  }

 private:
  static std::vector<float> shares(const std::vector<int32_t>& counts, int members) {
    std::vector<float> shares(counts.size());
    std::ranges::transform(counts, shares.begin(),
                           [&](int32_t count) { return static_cast<float>(count) / static_cast<float>(members); });
    return shares;
  }

  void end_model() {
    if (one_.members() == 0) return;
    const std::vector<size_t> place{static_cast<size_t>(model_), static_cast<size_t>(time_)};
    output_.put(probability, place, shares(one_.strikes(), one_.members()));
    output_.put(genesis, place, std::span<const int32_t>(one_.births()));
    for (size_t k = 0; k < strikes_.size(); ++k) strikes_[k] += one_.strikes()[k], births_[k] += one_.births()[k];
    members_ += one_.members();
    one_.clear();
  }

  void end_time() {
    if (members_ == 0) return;
    const std::vector<size_t> place{static_cast<size_t>(time_)};
    output_.put(probability_all, place, shares(strikes_, members_));
    output_.put(genesis_all, place, std::span<const int32_t>(births_));
    std::ranges::fill(strikes_, 0);
    std::ranges::fill(births_, 0);
    members_ = 0;
  }

  fs::path root_, path_;
  NetcdfOutput output_;
  int time_ = -1, model_ = -1;
  StrikeCounter one_;                      // of the model at hand
  std::vector<int32_t> strikes_, births_;  // of all models at the initial time at hand
  int members_ = 0;
};

}  // namespace

std::unique_ptr<TrackProduct> strike_map(const fs::path& root, const fs::path& path, const TrackLayout& layout,
                                         const std::vector<std::vector<int32_t>>& members) {
  return std::make_unique<StrikeMap>(root, path, layout, members);
}

}  // namespace hens
