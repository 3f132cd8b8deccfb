#include "tracks/trajectory_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/netcdf_output.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

int64_t seconds_since_1970(Time time) { return time.time_since_epoch().count(); }

Json time_attributes(const char* standard_name, const char* long_name) {
  return {{"standard_name", standard_name},
          {"long_name", long_name},
          {"units", "seconds since 1970-01-01 00:00:00"},
          {"calendar", "proleptic_gregorian"}};
}

// In the order of the series.
enum SeriesAt { id, row_size, model, member, initial, time, lead, lat, lon, msl, wind };

NetcdfLayout file_layout(const TrackLayout& layout, size_t tracks, size_t points) {
  const char *trajectory = "trajectory", *obs = "obs", *at = "time lat lon";
  const std::vector<Series> series{
      {trajectory, trajectory, SeriesType::int32, {{"cf_role", "trajectory_id"}, {"long_name", "number of the track"}}},
      {"row_size", trajectory, SeriesType::int32, {{"long_name", "points of the track"}, {"sample_dimension", obs}}},
      {"model", trajectory, SeriesType::int32, {{"long_name", "model, from 0"}}},
      {"member", trajectory, SeriesType::int32, {{"standard_name", "realization"}, {"long_name", "ensemble member"}}},
      {"initial_time", trajectory, SeriesType::int64, time_attributes("forecast_reference_time", "initial time")},
      {"time", obs, SeriesType::int64, time_attributes("time", "valid time")},
      {"lead_time",
       obs,
       SeriesType::int32,
       {{"standard_name", "forecast_period"},
        {"long_name", "time since the initial time"},
        {"units", "hours"},
        {"dtype", "timedelta64[ns]"}}},
      {"lat",
       obs,
       SeriesType::float64,
       {{"standard_name", "latitude"}, {"long_name", "latitude"}, {"units", "degrees_north"}}},
      {"lon",
       obs,
       SeriesType::float64,
       {{"standard_name", "longitude"}, {"long_name", "longitude"}, {"units", "degrees_east"}}},
      {"msl",
       obs,
       SeriesType::float32,
       {{"standard_name", "air_pressure_at_mean_sea_level"},
        {"long_name", "sea-level pressure of the centre"},
        {"units", "Pa"},
        {"coordinates", at}}},
      {"wind",
       obs,
       SeriesType::float32,
       {{"standard_name", "wind_speed"},
        {"long_name", "strongest wind at 10 m near the centre"},
        {"units", "m s-1"},
        {"coordinates", at}}}};
  return {.attributes = {{"Conventions", "CF-1.11"},
                         {"featureType", "trajectory"},
                         {"title", layout.title},
                         {"models", fmt::format("{}", fmt::join(layout.model_names, " "))}},
          .dimensions = {{trajectory, tracks}, {obs, points}},
          .series = series};
}

class TrajectoryFile final : public TrackProduct {
 public:
  TrajectoryFile(const fs::path& root, fs::path path, const TrackLayout& layout, size_t tracks, size_t points)
      : root_(root),
        path_(std::move(path)),
        layout_(layout),
        output_(root / path_, file_layout(layout, tracks, points)) {}

  void add(const MemberTracks& from) override {
    for (const Track& track : from.tracks) add(from, track);
  }

  StoredFile finish() override {
    ProductFile file(root_, path_);
    output_.close([&](std::span<const std::byte> piece) { file.write(piece); });
    return file.publish();
  }

 private:
  template <typename T>
  void put(SeriesAt series, size_t first, const std::vector<T>& values) {
    output_.put_series(series, first, std::span<const T>(values));
  }

  void add(const MemberTracks& from, const Track& track) {
    const Time start = layout_.times.at(static_cast<size_t>(from.time));
    put<int32_t>(id, tracks_, {static_cast<int32_t>(tracks_)});
    put<int32_t>(row_size, tracks_, {static_cast<int32_t>(track.size())});
    put<int32_t>(model, tracks_, {from.model});
    put<int32_t>(member, tracks_, {from.member});
    put<int64_t>(initial, tracks_, {seconds_since_1970(start)});
    std::vector<int64_t> times;
    std::vector<int32_t> leads;
    std::vector<double> lats, lons;
    std::vector<float> pressures, winds;
    for (const auto& [step, centre] : track) {
      times.push_back(seconds_since_1970(start + step * layout_.step));
      leads.push_back(static_cast<int32_t>(step * layout_.step / std::chrono::hours(1)));
      lats.push_back(centre.lat), lons.push_back(centre.lon);
      pressures.push_back(static_cast<float>(centre.msl)), winds.push_back(static_cast<float>(centre.wind));
    }
    put(time, points_, times);
    put(lead, points_, leads);
    put(lat, points_, lats);
    put(lon, points_, lons);
    put(msl, points_, pressures);
    put(wind, points_, winds);
    ++tracks_;
    points_ += track.size();
  }

  fs::path root_, path_;
  const TrackLayout& layout_;
  NetcdfOutput output_;
  size_t tracks_ = 0, points_ = 0;  // written
};

}  // namespace

std::unique_ptr<TrackProduct> track_netcdf(const fs::path& root, const fs::path& path, const TrackLayout& layout,
                                           size_t tracks, size_t points) {
  return std::make_unique<TrajectoryFile>(root, path, layout, tracks, points);
}

}  // namespace hens
